"""Starts and stops the system of a home in the right order; called by `serve`.

Stores, then migrations, then the lines of the Procfile; stopped in reverse order.
"""

import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from local import credentials
from local.environment import missing_stores
from local.errors import LocalError
from local.home import Home, read_ports, write_ports
from local.ports import find_free_port, hold_port
from local.stores.binaries import find_postgres, find_valkey
from local.stores.postgres import Postgres
from local.stores.valkey import Valkey
from local.supervision.logs import last_lines
from local.supervision.output_capture import capture_output
from local.supervision.processes import SupervisedProcess
from local.supervision.procfile import Line
from local.supervision.spawning import Launch
from local.supervision.supervisor import Supervisor
from local.supervision.system_user import Account, set_owner, store_account
from local.supervision.watchdog import Watchdog

STORE_SECONDS = 300.0
# A line of the Procfile that names it is given the listening socket of PORT.
SOCKET_VARIABLE = "API_SOCKET_FD"
MOST_FAILURES = 5
MIGRATION_SECONDS = 600.0
POSTGRES_TIER, VALKEY_TIER, KEEPER_TIER, WORKER_TIER, BEAT_TIER, WEB_TIER = range(6)
TIERS = {
    "keeper": KEEPER_TIER,
    "worker": WORKER_TIER,
    "maintenance": WORKER_TIER,
    "beat": BEAT_TIER,
}
STOP_SECONDS = {
    WEB_TIER: 4.0,
    BEAT_TIER: 1.5,
    WORKER_TIER: 4.0,
    KEEPER_TIER: 1.5,
    VALKEY_TIER: 2.0,
    POSTGRES_TIER: 4.0,
}


@dataclass
class System:
    """The system of one home; `stop` stops whatever was started."""

    root: Path
    home: Home
    supervisor: Supervisor
    watchdog: Watchdog
    _held: list[socket.socket] = field(default_factory=list)

    def start_stores(self, env: Mapping[str, str]) -> dict[str, str]:
        """Start the stores that the environment has no URL for; return their URLs."""
        wanted = missing_stores(env)
        if not wanted:
            return {}
        account = store_account()
        sockets = self._socket_folder(account)
        kept = read_ports(self.home)
        ports = {name: find_free_port(kept.get(name)) for name in wanted}
        write_ports(self.home, kept | ports)
        waits: list[Callable[[], tuple[str, str]]] = []
        if "DATABASE_URL" in wanted:
            waits.append(self._start_postgres(account, sockets, ports["DATABASE_URL"]))
        if "REDIS_URL" in wanted:
            waits.append(self._start_valkey(account, sockets, ports["REDIS_URL"]))
        return dict(wait() for wait in waits)

    def _socket_folder(self, account: Account | None) -> Path:
        """Create a folder with a short path: unix(7) allows 108 bytes for that of a socket.

        A link in the home leads to it, by which the next start can remove it after a kill.
        """
        self._remove_sockets()
        folder = Path(tempfile.mkdtemp(prefix="laurel-", dir="/tmp"))
        self.home.sockets.symlink_to(folder)
        set_owner(folder, account, 0o700)
        self.watchdog.remove_at_end(folder)
        return folder

    def _start_postgres(
        self, account: Account | None, sockets: Path, port: int
    ) -> Callable[[], tuple[str, str]]:
        postgres = Postgres(
            binaries=find_postgres(account),
            data=self.home.postgres,
            sockets=sockets,
            port=port,
            account=account,
            password=credentials.secret(self.home.secrets, credentials.SUPERUSER),
        )
        postgres.prepare()
        process = self.supervisor.add(postgres.launch(), tier=POSTGRES_TIER, quiet=True)

        def wait() -> tuple[str, str]:
            self._wait_for(postgres, process)
            password = credentials.secret(self.home.secrets, credentials.DATABASE)
            return "DATABASE_URL", postgres.ensure_database(password)

        return wait

    def _start_valkey(
        self, account: Account | None, sockets: Path, port: int
    ) -> Callable[[], tuple[str, str]]:
        valkey = Valkey(
            binary=find_valkey(account),
            data=self.home.valkey,
            sockets=sockets,
            port=port,
            account=account,
            password=credentials.secret(self.home.secrets, credentials.REDIS),
        )
        valkey.prepare()
        process = self.supervisor.add(valkey.launch(), tier=VALKEY_TIER, quiet=True)

        def wait() -> tuple[str, str]:
            self._wait_for(valkey, process)
            return "REDIS_URL", valkey.url

        return wait

    def _wait_for(self, store: Postgres | Valkey, process: SupervisedProcess) -> None:
        """Wait until a store is ready; LocalError when it failed several times or took too long.

        Single failures are normal: after a kill the old server may still use the data folder.
        """
        self.supervisor.wait_until(
            lambda: process.failures >= MOST_FAILURES or store.is_ready(), STORE_SECONDS
        )
        if not store.is_ready():
            log = self.home.logs / f"{store.name}.log"
            output = "\n  ".join(last_lines(log))
            raise LocalError(f"{store.name} did not start. The end of {log}:\n  {output}")

    def migrate(self, env: Mapping[str, str]) -> None:
        """Migrate the schema to head; LocalError with the end of alembic's output on failure."""
        command = ["alembic", "upgrade", "head"]
        code = self.supervisor.run_once(self._launch("migrate", command, env), MIGRATION_SECONDS)
        if code != 0:
            log = self.home.logs / "migrate.log"
            output = "\n  ".join(last_lines(log))
            raise LocalError(f"the database could not be migrated. The end of {log}:\n  {output}")

    def start_lines(self, lines: Sequence[Line], env: Mapping[str, str]) -> None:
        """Start every line of the Procfile, through a shell that replaces itself (exec)."""
        for line in lines:
            command = ["/bin/sh", "-c", f"exec {line.command}"]
            own = {**env, "LAUREL_PROCESS": line.instance}
            launch = self._launch(line.instance, command, own)
            if SOCKET_VARIABLE in line.command:
                launch = self._hand_over_socket(launch)
            self.supervisor.add(launch, tier=TIERS.get(line.kind, WEB_TIER))

    def _hand_over_socket(self, launch: Launch) -> Launch:
        """Let the process inherit the socket of its port, which outlives it."""
        held = hold_port(launch.env["HOST"], int(launch.env["PORT"]))
        self._held.append(held)
        env = {**launch.env, SOCKET_VARIABLE: str(held.fileno())}
        return replace(launch, env=env, inherited=(*launch.inherited, held.fileno()))

    def output_of(
        self, name: str, command: Sequence[str], env: Mapping[str, str], seconds: float
    ) -> str | None:
        """Return the output of a short command; None on failure, with its errors in its log."""
        errors = self.home.logs / f"{name}.log"
        return capture_output(self.supervisor, self._launch(name, command, env), errors, seconds)

    def _launch(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Launch:
        return Launch(name=name, argv=tuple(command), env=env, cwd=self.root)

    def stop(self) -> None:
        """Stop everything, in the reverse order of the start."""
        for held in self._held:
            held.close()
        self.supervisor.stop_all(STOP_SECONDS)
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        if self.home.sockets.is_symlink():
            shutil.rmtree(self.home.sockets.readlink(), ignore_errors=True)
            self.home.sockets.unlink()
