"""A Valkey (or Redis) server: its configuration, how it is started, and when it is ready."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from local.ports import LOOPBACK
from local.supervision.spawning import Launch
from local.supervision.system_user import Account, set_owner

PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Valkey:
    """A server, running or not."""

    binary: Path
    data: Path
    sockets: Path
    port: int
    account: Account | None
    password: str
    durable: bool = True
    name: ClassVar[str] = "valkey"

    @property
    def url(self) -> str:
        """Return the URL for clients."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Create the data folder and write the configuration, which contains the password."""
        self.data.mkdir(mode=0o700, exist_ok=True)
        set_owner(self.data, self.account, 0o700)
        self._configuration.unlink(missing_ok=True)
        descriptor = os.open(self._configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._settings())
        set_owner(self._configuration, self.account, 0o600)

    @property
    def _configuration(self) -> Path:
        return self.data / "server.conf"

    def _settings(self) -> str:
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"unixsocket {self.sockets}/valkey.sock",
            "unixsocketperm 700",
            f"requirepass {self.password}",
            "dir .",
            "daemonize no",
            'save ""',
            "maxmemory-policy noeviction",
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
        ]
        return "\n".join(lines) + "\n"

    def launch(self) -> Launch:
        """Return how to start the server; it reads its configuration from standard input.

        Its working folder is entered before the change of user, who need not be able to enter it.
        """
        return Launch(
            name=self.name,
            argv=(str(self.binary), "-"),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd=self.data,
            account=self.account,
            stdin=self._configuration,
        )

    def is_ready(self) -> bool:
        """Return whether the server answers and has loaded its data."""
        try:
            with socket.create_connection(
                (LOOPBACK, self.port), timeout=PROBE_SECONDS
            ) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    received = connection.recv(256)
                    if not received:
                        return False
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
