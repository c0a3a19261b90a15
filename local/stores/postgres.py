"""One PostgreSQL of our own: makes its data folder, says how it is started, when it is ready.

Used by `stores`. As root the data folder is handed over as an open descriptor where the parents
of it are closed to the server's user.
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
from local.stores.system_user import Account, can_execute, give
from local.supervision.spawning import Launch

SUPERUSER = "postgres"
DATABASE = "laurel"
SHOWN_LINES = 15
# Pages are taken up as they are used. With 64 MB a load of a few minutes had its connections read
# and write pages themselves.
LARGEST_BUFFERS_MB = 256
SHARE_OF_MEMORY = 8


def _choose_buffers() -> str:
    """Return an eighth of the machine's memory, bounded: the machine is the user's, not ours."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return f"{max(64, min(LARGEST_BUFFERS_MB, memory_mb // SHARE_OF_MEMORY))}MB"


MODEST = {
    "shared_buffers": _choose_buffers(),
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_destination": "stderr",
}
FORGETFUL = MODEST | {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Postgres:
    """A server that is not necessarily running."""

    binaries: PostgresBinaries
    data: Path
    sockets: Path
    port: int
    account: Account | None
    password: str
    settings: dict[str, str] = field(default_factory=lambda: dict(MODEST))
    name: ClassVar[str] = "postgres"

    @property
    def superuser_url(self) -> str:
        """The address of the administration database, for its superuser."""
        return _url(SUPERUSER, self.password, self.port, SUPERUSER)

    def prepare(self, *, durable: bool = True) -> None:
        """Make the data folder where there is none; LocalError when its major version differs."""
        if not self.data.exists():
            self._initialise(durable)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != str(self.binaries.major):
            raise LocalError(
                f"the data in {self.data} was written by PostgreSQL {version}, and the programs in"
                f" {self.binaries.folder} are version {self.binaries.major}. Nothing was changed."
                f" Set PG_BIN to the folder of PostgreSQL {version}'s programs, or LAUREL_HOME to"
                " a new folder to start with an empty one."
            )

    def _initialise(self, durable: bool) -> None:
        """Run initdb beside the final place, so that an interrupted one leaves nothing there."""
        half = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        give(half, self.account, 0o700)
        argument, inherited = self._data_argument(half)
        with tempfile.NamedTemporaryFile("w", dir=self.sockets) as password:
            password.write(self.password)
            password.flush()
            give(Path(password.name), self.account, 0o600)
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
                start_new_session=True,  # Ctrl-C is for us to hear: half a folder is of no use
                pass_fds=inherited,
                user=None if self.account is None else self.account.uid,
                group=None if self.account is None else self.account.gid,
                extra_groups=None if self.account is None else [],
            )
        for descriptor in inherited:
            os.close(descriptor)
        if made.returncode != 0:
            said = "\n  ".join((made.stderr or made.stdout).strip().splitlines()[-SHOWN_LINES:])
            shutil.rmtree(half, ignore_errors=True)
            raise LocalError(f"PostgreSQL's initdb failed:\n  {said}")
        half.rename(self.data)

    def _data_argument(self, data: Path) -> tuple[str, tuple[int, ...]]:
        """Return what to pass as -D, and the descriptors it needs; see the module's docstring."""
        if can_execute(self.account, data):
            return str(data), ()
        descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{descriptor}", (descriptor,)

    def launch(self) -> Launch:
        """Return how to start the server; SIGINT is its fast and clean stop."""
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
        """Return whether the server answers a query now."""
        try:
            psycopg2.connect(self.superuser_url, connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalError(
                    f"PostgreSQL refuses the password in the secrets folder beside {self.data}."
                    " Put the secrets that belong to this data folder back."
                ) from error
            return False
        return True

    def ensure_database(self, password: str) -> str:
        """Make the application's role and database where missing, and return their address."""
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


def _url(user: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@{LOOPBACK}:{port}/{database}"


def _clean_env() -> dict[str, str]:
    """Return an environment without the user's PG* settings and locale, which both would obey."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
