"""The order in which a system is brought up and taken down; called by `serve`.

Stores, then migrations, then the lines of the Procfile; down the other way round.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local import credentials
from local.errors import LocalError
from local.home import Home, recall, remember
from local.ports import keep_or_pick
from local.stores.binaries import find_postgres, find_valkey
from local.stores.postgres import Postgres
from local.stores.system_user import Account, give, store_account
from local.stores.valkey import Valkey
from local.supervision.capture import capture
from local.supervision.guardian import Guardian
from local.supervision.logs import last_lines
from local.supervision.processes import Supervised
from local.supervision.procfile import Line
from local.supervision.spawning import Launch
from local.supervision.supervisor import Supervisor

STORE_SECONDS = 300.0
MOST_DEATHS = 5
MIGRATION_SECONDS = 600.0
POSTGRES_TIER, VALKEY_TIER, KEEPER_TIER, WORKER_TIER, BEAT_TIER, WEB_TIER = range(6)
TIERS = {
    "keeper": KEEPER_TIER,
    "worker": WORKER_TIER,
    "maintenance": WORKER_TIER,
    "beat": BEAT_TIER,
}
PATIENCE_SECONDS = {
    WEB_TIER: 4.0,
    BEAT_TIER: 1.5,
    WORKER_TIER: 4.0,
    KEEPER_TIER: 1.5,
    VALKEY_TIER: 2.0,
    POSTGRES_TIER: 4.0,
}


@dataclass
class System:
    """What runs on one home. `stop` undoes whatever of it was started."""

    root: Path
    home: Home
    supervisor: Supervisor
    guardian: Guardian

    def start_stores(self, env: Mapping[str, str]) -> dict[str, str]:
        """Start the stores that the environment has no address for; return those addresses."""
        wanted = [name for name in ("DATABASE_URL", "REDIS_URL") if not env.get(name)]
        if not wanted:
            return {}
        account = store_account()
        sockets = self._socket_folder(account)
        kept = recall(self.home)
        ports = {name: keep_or_pick(kept.get(name)) for name in wanted}
        remember(self.home, kept | ports)
        waits: list[Callable[[], tuple[str, str]]] = []
        if "DATABASE_URL" in wanted:
            waits.append(self._start_postgres(account, sockets, ports["DATABASE_URL"]))
        if "REDIS_URL" in wanted:
            waits.append(self._start_valkey(account, sockets, ports["REDIS_URL"]))
        return dict(wait() for wait in waits)

    def _socket_folder(self, account: Account | None) -> Path:
        """Make a folder with a short path: that of a unix socket must stay below 108 bytes.

        A link in the home leads to it, so that what a killed start left is found and removed.
        """
        self._remove_sockets()
        folder = Path(tempfile.mkdtemp(prefix="laurel-", dir="/tmp"))
        self.home.sockets.symlink_to(folder)
        give(folder, account, 0o700)
        self.guardian.clear(folder)
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

    def _wait_for(self, store: Postgres | Valkey, process: Supervised) -> None:
        """Wait for a store; one that keeps dying is given up, one that recovers is waited for.

        Some deaths are borne: right after a kill the old server may still hold the data folder.
        """
        self.supervisor.wait_until(
            lambda: process.deaths >= MOST_DEATHS or store.is_ready(), STORE_SECONDS
        )
        if not store.is_ready():
            log = self.home.logs / f"{store.name}.log"
            said = "\n  ".join(last_lines(log))
            raise LocalError(f"{store.name} did not start; the end of {log}:\n  {said}")

    def migrate(self, env: Mapping[str, str]) -> None:
        """Bring the schema to head; LocalError with alembic's last words when it cannot."""
        command = ["alembic", "upgrade", "head"]
        code = self.supervisor.run_once(self._launch("migrate", command, env), MIGRATION_SECONDS)
        if code != 0:
            log = self.home.logs / "migrate.log"
            said = "\n  ".join(last_lines(log))
            raise LocalError(f"the database could not be migrated; the end of {log}:\n  {said}")

    def start_lines(self, lines: Sequence[Line], env: Mapping[str, str]) -> None:
        """Start every line of the Procfile, through a shell that it then takes the place of."""
        for line in lines:
            command = ["/bin/sh", "-c", f"exec {line.command}"]
            own = {**env, "LAUREL_PROCESS": line.instance}
            self.supervisor.add(
                self._launch(line.instance, command, own), tier=TIERS.get(line.kind, WEB_TIER)
            )

    def output_of(
        self, name: str, command: Sequence[str], env: Mapping[str, str], seconds: float
    ) -> str | None:
        """Return what a short command prints, or None with its errors in its log."""
        errors = self.home.logs / f"{name}.log"
        return capture(self.supervisor, self._launch(name, command, env), errors, seconds)

    def _launch(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Launch:
        return Launch(name=name, argv=tuple(command), env=env, cwd=self.root)

    def stop(self) -> None:
        """Take everything down, the last started first."""
        self.supervisor.stop_all(PATIENCE_SECONDS)
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        if self.home.sockets.is_symlink():
            shutil.rmtree(self.home.sockets.readlink(), ignore_errors=True)
            self.home.sockets.unlink()
