"""The two stores of the rig: they keep what they are told, and can be stalled, killed and started.

Everything else reaches them through a proxy; the rig itself goes straight.
"""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extensions
from redis import Redis

from faults.proxy import Proxy
from faults.small_disk import SmallDisk
from local.stores.postgres import Postgres
from local.stores.starting import claimed_folder, prepare_stores, wait_until_ready
from local.stores.valkey import Valkey
from local.supervision.lifeline import signal_group
from local.supervision.spawning import spawn

STOP_SECONDS = 20.0


class Server:
    """One store and its process. Use it from the main thread: servers end with their starter."""

    def __init__(self, store: Postgres | Valkey, folder: Path):
        self._store = store
        self._log = folder / f"{store.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; does nothing while it runs."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        if self._process is None:
            with self._log.open("ab") as output:
                self._process = spawn(self._store.launch(), output)
            wait_until_ready(self._store, self._process, self._log)

    def stall(self) -> None:
        """Stop it where it stands: its connections stay open and nothing comes back."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on where it stood."""
        self._signal(signal.SIGCONT)

    def end(self, number: signal.Signals) -> None:
        """End it by this signal and wait for its end."""
        if self._process is None:
            return
        self._signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


class Stores:
    """PostgreSQL and Valkey: the servers, the proxies before them, and the rig's own way in."""

    def __init__(self, folder: Path, disk_megabytes: int):
        postgres, valkey = prepare_stores(folder, durable=True)
        self.disk = SmallDisk(postgres.data, disk_megabytes) if disk_megabytes else None
        self.postgres, self.valkey = Server(postgres, folder), Server(valkey, folder)
        self.postgres.start()
        self.valkey.start()
        self._database_url = postgres.ensure_database(secrets.token_urlsafe(18))
        self.superuser_url = postgres.superuser_url
        self.redis_url = valkey.url
        self.postgres_proxy = Proxy(self._database_url)
        self.valkey_proxy = Proxy(self.redis_url)

    def connect(self) -> psycopg2.extensions.connection:
        """Return a new connection that commits every statement by itself."""
        connection = psycopg2.connect(self._database_url, connect_timeout=5)
        connection.autocommit = True
        return connection

    def redis(self) -> Redis:
        """Return a new client."""
        return Redis.from_url(self.redis_url, socket_timeout=5.0)

    def heal(self) -> None:
        """Undo whatever was done to them."""
        if self.disk is not None:
            self.disk.make_room()
        for proxy in (self.postgres_proxy, self.valkey_proxy):
            proxy.lose_answers(None)
            proxy.delay(0.0)
            proxy.mend()
            proxy.flow()
        for server in (self.postgres, self.valkey):
            server.go_on()
            server.start()

    def close(self) -> None:
        """End them; their folder goes with the context."""
        for proxy in (self.postgres_proxy, self.valkey_proxy):
            proxy.close()
        for server, number in ((self.valkey, signal.SIGTERM), (self.postgres, signal.SIGINT)):
            server.go_on()
            server.end(number)
        if self.disk is not None:
            self.disk.unmount()


@contextmanager
def running_stores(*, disk_megabytes: int = 0) -> Iterator[Stores]:
    """Run two empty stores in a folder that goes at the end; see `Setup` for the disk."""
    with claimed_folder() as folder:
        stores = Stores(folder, disk_megabytes)
        try:
            yield stores
        finally:
            stores.close()
