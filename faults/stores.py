"""Durable stores that can be stalled, killed and started again, each behind a proxy.

The product reaches them through the proxies; the checks connect directly.
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
from local.stores.temporary import prepare_stores, temporary_folder, wait_until_ready
from local.stores.valkey import Valkey
from local.supervision.process_groups import signal_group
from local.supervision.spawning import spawn

STOP_SECONDS = 20.0


class Server:
    """One store and its process. Use it from the main thread: the server ends with that thread."""

    def __init__(self, store: Postgres | Valkey, folder: Path):
        self._store = store
        self._log = folder / f"{store.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready; do nothing when it is running."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        if self._process is None:
            with self._log.open("ab") as output:
                self._process = spawn(self._store.launch(), output)
            wait_until_ready(self._store, self._process, self._log)

    def stall(self) -> None:
        """Pause it (SIGSTOP): its connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it continue after `stall`."""
        self._signal(signal.SIGCONT)

    def stop(self, number: signal.Signals) -> None:
        """Send this signal and wait until the server has ended; kill it after STOP_SECONDS."""
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
    """PostgreSQL and Valkey, the proxies in front of them, and direct connections."""

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
        """Return a new connection in autocommit mode."""
        connection = psycopg2.connect(self._database_url, connect_timeout=5)
        connection.autocommit = True
        return connection

    def redis(self) -> Redis:
        """Return a new client of Valkey."""
        return Redis.from_url(self.redis_url, socket_timeout=5.0)

    def heal(self) -> None:
        """End every fault: free the disk, restore the proxies, resume and start the servers."""
        if self.disk is not None:
            self.disk.free()
        for proxy in (self.postgres_proxy, self.valkey_proxy):
            proxy.lose_answers(None)
            proxy.delay(0.0)
            proxy.mend()
            proxy.flow()
        for server in (self.postgres, self.valkey):
            server.resume()
            server.start()

    def close(self) -> None:
        """Stop both servers; the context removes their folder."""
        for proxy in (self.postgres_proxy, self.valkey_proxy):
            proxy.close()
        for server, number in ((self.valkey, signal.SIGTERM), (self.postgres, signal.SIGINT)):
            server.resume()
            server.stop(number)
        if self.disk is not None:
            self.disk.unmount()


@contextmanager
def running_stores(*, disk_megabytes: int = 0) -> Iterator[Stores]:
    """Run two empty stores in a temporary folder; see `Setup` for the disk."""
    with temporary_folder() as folder:
        stores = Stores(folder, disk_megabytes)
        try:
            yield stores
        finally:
            stores.close()
