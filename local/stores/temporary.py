"""Temporary stores for tests, checks and fault injection; they end with their creator."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.ports import find_free_port
from local.stores.binaries import find_postgres, find_valkey
from local.stores.postgres import DEFAULTS, NOT_DURABLE, Postgres
from local.stores.valkey import Valkey
from local.supervision.process_groups import signal_group
from local.supervision.spawning import Launch, spawn
from local.supervision.system_user import set_owner, store_account

PREFIX = "laurel-test-"
# Not TMPDIR: the path of a unix socket must be short, and the stores' user must reach it.
SHORT_AND_OPEN = Path("/tmp")  # noqa: S108 - only mkdtemp there
READY_SECONDS = 30.0
STOP_SECONDS = 5.0
NEW_SECONDS = 60.0
PROBE_EVERY_SECONDS = 0.03


@dataclass(frozen=True)
class TemporaryStores:
    """The URLs of both stores, valid until the context ends."""

    database_url: str  # the database `postgres`, as superuser
    redis_url: str


@contextmanager
def temporary_stores(parent: Path = SHORT_AND_OPEN) -> Iterator[TemporaryStores]:
    """Run a PostgreSQL and a Valkey that are not durable; yield their URLs.

    Call it from the main thread: the servers end when the thread that started them ends.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder(parent))
        postgres, valkey = prepare_stores(folder, durable=False)
        for store in (postgres, valkey):
            log = folder / f"{store.name}.log"
            process = stack.enter_context(_running(store.launch(), log))
            wait_until_ready(store, process, log)
        yield TemporaryStores(postgres.superuser_url, valkey.url)


def prepare_stores(folder: Path, *, durable: bool) -> tuple[Postgres, Valkey]:
    """Return both stores, not yet started, with their data in the folder; `durable` ones fsync."""
    account = store_account()
    sockets = folder / "sockets"
    sockets.mkdir()
    set_owner(sockets, account, 0o700)
    password = secrets.token_urlsafe(18)
    postgres = Postgres(
        binaries=find_postgres(account),
        data=folder / "postgres",
        sockets=sockets,
        port=find_free_port(None),
        account=account,
        password=password,
        settings=dict(DEFAULTS if durable else NOT_DURABLE),
    )
    valkey = Valkey(
        binary=find_valkey(account),
        data=folder / "valkey",
        sockets=sockets,
        port=find_free_port(None),
        account=account,
        password=password,
        durable=durable,
    )
    postgres.prepare(durable=durable)
    valkey.prepare()
    return postgres, valkey


@contextmanager
def temporary_folder(parent: Path = SHORT_AND_OPEN) -> Iterator[Path]:
    """Create a folder, remove it at the end, and first remove those of killed runs.

    A lock in the folder shows that it is still in use.
    """
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    folder.chmod(0o711)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of runs that were killed; their servers ended with them."""
    for folder in parent.glob(PREFIX + "*"):
        with suppress(OSError):
            created_at = folder.stat().st_mtime
            if folder.stat().st_uid != os.geteuid() or time.time() - created_at < NEW_SECONDS:
                continue
            with (folder / "lock").open("r") as probe:
                fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(launch: Launch, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = spawn(launch, output)
    try:
        yield process
    finally:
        process.send_signal(launch.stop_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            signal_group(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_ready(store: Postgres | Valkey, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the store is ready; LocalError with the end of its log when it is not in time."""
    deadline = time.monotonic() + READY_SECONDS
    while not store.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            output = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
            raise LocalError(f"the temporary {store.name} did not start:\n  {output}")
        time.sleep(PROBE_EVERY_SECONDS)
