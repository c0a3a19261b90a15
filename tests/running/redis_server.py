"""A Redis for one test, which may be stalled, killed and started again."""

import signal
import socket
import subprocess
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError

from local.stores.binaries import find_valkey
from tests.waiting import wait_until


class RedisServer:
    """A durable server on a free port."""

    def __init__(self, folder: Path):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._process = subprocess.Popen(
            [
                str(find_valkey(None)),
                *("--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)),
                *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_until(self._answers)

    def stall(self) -> None:
        """Pause it: its connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it continue after `stall`."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def command(self, *arguments: str) -> None:
        """Send one command."""
        with Redis.from_url(self.url) as client:
            client.execute_command(*arguments)  # type: ignore[no-untyped-call]  # redis-py

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            self.command("PING")
        except (RedisConnectionError, BusyLoadingError):
            return False
        return True
