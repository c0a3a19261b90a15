"""The two stores: those of a home, for `serve`, and throw-away ones, for tests and checks."""

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
from local.ports import keep_or_pick
from local.stores.binaries import find_postgres, find_valkey
from local.stores.postgres import FORGETFUL, MODEST, Postgres
from local.stores.system_user import give, store_account
from local.stores.valkey import Valkey
from local.supervision.lifeline import signal_group
from local.supervision.spawning import Launch, spawn

PREFIX = "laurel-test-"
# Not TMPDIR: the path of a unix socket must be short, and the stores' user must reach it.
SHORT_AND_OPEN = Path("/tmp")  # noqa: S108 - only mkdtemp there
READY_SECONDS = 30.0
STOP_SECONDS = 5.0
YOUNG_SECONDS = 60.0
PROBE_EVERY_SECONDS = 0.03


@dataclass(frozen=True)
class ThrowawayStores:
    """Addresses of stores that are gone when the context ends."""

    database_url: str  # the database `postgres`, as superuser
    redis_url: str


@contextmanager
def throwaway_stores(parent: Path = SHORT_AND_OPEN) -> Iterator[ThrowawayStores]:
    """Run a PostgreSQL and a Valkey of our own that forget everything; yields their addresses.

    Call it from the main thread: the servers end when the thread that started them does.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(claimed_folder(parent))
        postgres, valkey = prepare_stores(folder, durable=False)
        for store in (postgres, valkey):
            log = folder / f"{store.name}.log"
            process = stack.enter_context(_running(store.launch(), log))
            wait_until_ready(store, process, log)
        yield ThrowawayStores(postgres.superuser_url, valkey.url)


def prepare_stores(folder: Path, *, durable: bool) -> tuple[Postgres, Valkey]:
    """Return two stores with their data in the folder, not yet started; `durable` ones sync."""
    account = store_account()
    sockets = folder / "sockets"
    sockets.mkdir()
    give(sockets, account, 0o700)
    password = secrets.token_urlsafe(18)
    postgres = Postgres(
        binaries=find_postgres(account),
        data=folder / "postgres",
        sockets=sockets,
        port=keep_or_pick(None),
        account=account,
        password=password,
        settings=dict(MODEST if durable else FORGETFUL),
    )
    valkey = Valkey(
        binary=find_valkey(account),
        data=folder / "valkey",
        sockets=sockets,
        port=keep_or_pick(None),
        account=account,
        password=password,
        durable=durable,
    )
    postgres.prepare(durable=durable)
    valkey.prepare()
    return postgres, valkey


@contextmanager
def claimed_folder(parent: Path = SHORT_AND_OPEN) -> Iterator[Path]:
    """Make a folder that goes at the end, and first remove those of runs that were killed.

    Its lock says that somebody still uses it.
    """
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    folder.chmod(0o711)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove the folders of runs that were killed: their servers died with them."""
    for folder in parent.glob(PREFIX + "*"):
        with suppress(OSError):
            made_at = folder.stat().st_mtime
            if folder.stat().st_uid != os.geteuid() or time.time() - made_at < YOUNG_SECONDS:
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
    """Wait until the store answers; LocalError with its last words when it does not."""
    deadline = time.monotonic() + READY_SECONDS
    while not store.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
            raise LocalError(f"the throw-away {store.name} did not start:\n  {said}")
        time.sleep(PROBE_EVERY_SECONDS)
