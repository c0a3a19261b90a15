"""A PostgreSQL server: its data folder, how it is started, and when it is ready.

As root, the server's user may be unable to enter the parents of the data folder. The server then
receives the folder as an open descriptor.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from local.errors import LocalError
from local.ports import LOOPBACK
from local.stores.binaries import PostgresBinaries
from local.supervision.spawning import Launch
from local.supervision.system_user import Account, can_execute, set_owner

SUPERUSER = "postgres"
DATABASE = "laurel"
SHOWN_LINES = 15
ANSWER_SECONDS = 5
# Memory is allocated as pages are used. With 64 MB, connections had to read and write pages
# themselves after a few minutes of load.
LARGEST_BUFFERS_MB = 256
SHARE_OF_MEMORY = 8


def _choose_buffers() -> str:
    """Return an eighth of the memory within limits, because the user needs the rest."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return f"{max(64, min(LARGEST_BUFFERS_MB, memory_mb // SHARE_OF_MEMORY))}MB"


DEFAULTS = {
    "shared_buffers": _choose_buffers(),
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}
NOT_DURABLE = DEFAULTS | {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Postgres:
    """A server, running or not."""

    binaries: PostgresBinaries
    data: Path
    sockets: Path
    port: int
    account: Account | None
    password: str
    settings: dict[str, str] = field(default_factory=lambda: dict(DEFAULTS))
    name: ClassVar[str] = "postgres"

    @property
    def superuser_url(self) -> str:
        """Return the URL of the database `postgres` for the superuser."""
        return _url(SUPERUSER, self.password, self.port, SUPERUSER)

    def prepare(self, *, durable: bool = True) -> None:
        """Create the data folder when it is missing; LocalError when its version is another."""
        if not self.data.exists():
            self._initialise(durable)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(self.binaries.major):
            raise LocalError(
                f"the data in {self.data} was written by PostgreSQL {version}, but the programs in"
                f" {self.binaries.folder} are version {self.binaries.major}. Nothing was changed."
                f" Set PG_BIN to the folder of PostgreSQL {version}'s programs, or LAUREL_HOME to"
                " a new folder to start with an empty one."
            )

    def _initialise(self, durable: bool) -> None:
        """Run initdb in another folder and rename it, so that `data` is never incomplete."""
        half = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        set_owner(half, self.account, 0o700)
        argument, inherited = self._data_argument(half)
        with tempfile.NamedTemporaryFile("w", dir=self.sockets) as password:
            password.write(self.password)
            password.flush()
            set_owner(Path(password.name), self.account, 0o600)
            command = [str(self.binaries.folder / "initdb"), "-D", argument, "-U", SUPERUSER]
            command += ["-E", "UTF8", "--locale=C", "-A", "scram-sha-256"]
            command += ["--pwfile", password.name] + ([] if durable else ["--no-sync"])
            made = subprocess.run(
                command,
                env=_clean_env(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                start_new_session=True,  # so that Ctrl-C does not interrupt it
                pass_fds=inherited,
                user=None if self.account is None else self.account.uid,
                group=None if self.account is None else self.account.gid,
                extra_groups=None if self.account is None else [],
            )
        for descriptor in inherited:
            os.close(descriptor)
        if made.returncode != 0:
            output = "\n  ".join((made.stderr or made.stdout).strip().splitlines()[-SHOWN_LINES:])
            shutil.rmtree(half, ignore_errors=True)
            raise LocalError(f"PostgreSQL's initdb failed:\n  {output}")
        half.rename(self.data)

    def _data_argument(self, data: Path) -> tuple[str, tuple[int, ...]]:
        """Return the value of -D and the descriptors to inherit; see the module's docstring."""
        if can_execute(self.account, data):
            return str(data), ()
        descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{descriptor}", (descriptor,)

    def launch(self) -> Launch:
        """Return how to start the server; SIGINT requests its fast shutdown."""
        argument, inherited = self._data_argument(self.data)
        settings = self.settings | {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Launch(
            name=self.name,
            argv=(str(self.binaries.folder / "postgres"), "-D", argument, *options),
            env=_clean_env(),
            cwd=Path("/"),
            stop_signal=signal.SIGINT,
            account=self.account,
            inherited=inherited,
        )

    def is_ready(self) -> bool:
        """Return whether the server accepts connections; LocalError when the password is wrong."""
        try:
            psycopg2.connect(self.superuser_url, connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalError(
                    f"PostgreSQL rejects the password in the secrets folder next to {self.data}."
                    " Restore the secrets that belong to this data folder."
                ) from error
            return False
        return True

    def ensure_database(self, password: str) -> str:
        """Create the application's role and database when they are missing; return their URL."""
        connection = psycopg2.connect(self.superuser_url, connect_timeout=5)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                role = sql.Identifier(DATABASE)
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
                cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD %s").format(role), (password,))
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(role))
        finally:
            connection.close()
        return _url(DATABASE, password, self.port, DATABASE)


def require_answer(url: str) -> None:
    """Raise LocalError, in one line, when no connection can be made to this PostgreSQL."""
    try:
        psycopg2.connect(url.replace("+psycopg2", "", 1), connect_timeout=ANSWER_SECONDS).close()
    except psycopg2.Error as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise LocalError(
            f"DATABASE_URL leads to no PostgreSQL that can be used: {reason}."
            " Without DATABASE_URL, Laurel starts a PostgreSQL of its own."
        ) from None


def _url(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"


def _clean_env() -> dict[str, str]:
    """Return an environment without PG* variables and locale, which would change the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
