"""`run.py serve`: start everything, print the addresses, and restart what ends."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from domain.errors import SettingsError
from domain.settings import load_settings
from local import credentials
from local.environment import child_environment, missing_stores
from local.errors import LocalError
from local.health import ask_health, ok_probe
from local.home import (
    Home,
    home_path,
    locked_home,
    make_metrics_folder,
    open_home,
    remove_metrics_folder,
)
from local.ports import LOOPBACK, public_ports, require_free
from local.running import write_environment
from local.stores.postgres import require_answer
from local.supervision.orphans import ProcessRecord, end_orphans
from local.supervision.procfile import Line, instances, read_procfile, worker_count
from local.supervision.supervisor import StopRequested, Supervisor
from local.supervision.watchdog import Watchdog
from local.system import System
from local.terminal import print_line
from local.welcome import print_not_ready, print_ready, token_command

PROCFILE = "Procfile"
DESCRIPTION = (
    "Start PostgreSQL, Valkey and every process of the Procfile, print their addresses, and restart"
    " processes that end. Ctrl-C stops everything; the data is kept in LAUREL_HOME."
)
STORE_NAMES = {"DATABASE_URL": "PostgreSQL", "REDIS_URL": "Valkey"}
# In place of the stores' addresses, to check the settings before the stores are started.
NO_STORES = {"DATABASE_URL": "postgresql://127.0.0.1/", "REDIS_URL": "redis://127.0.0.1/"}
READY_SECONDS = 60.0
TOKEN_SECONDS = 30.0


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the system until Ctrl-C or SIGTERM and return 0; LocalError when it cannot start."""
    parser = argparse.ArgumentParser(prog="python3 run.py serve", description=DESCRIPTION)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="print every line of every log"
    )
    options = parser.parse_args(arguments)
    env = os.environ
    lines = instances(read_procfile(root / PROCFILE), worker_count(env))
    ports = public_ports(env)
    host = env.get("HOST") or LOOPBACK
    home = home_path(root, env)
    open_home(home)
    _check_settings(home, env, ports)
    with locked_home(home, f"http://{host}:{ports['PORT']}") as lock:
        end_orphans(home.processes, print_line)
        require_free(host, ports)
        watchdog = Watchdog(lock)
        if (metrics := make_metrics_folder(home)) is not None:
            watchdog.remove_at_end(metrics)
        supervisor = Supervisor(
            logs=home.logs,
            watchdog=watchdog,
            record=ProcessRecord(home.processes),
            verbose=options.verbose,
        )
        system = System(root=root, home=home, supervisor=supervisor, watchdog=watchdog)
        try:
            _serve(system, lines, env, ports)
        except StopRequested:
            pass
        finally:
            if supervisor.has_processes:
                print_line("Stopping ...")
            system.stop()
            remove_metrics_folder(home)
            watchdog.close()
    print_line(f"Stopped. The data is kept in {home.folder}")
    return 0


def _serve(
    system: System, lines: Sequence[Line], given: Mapping[str, str], ports: Mapping[str, int]
) -> None:
    """Start everything, then supervise it until a stop is requested."""
    started_at = time.monotonic()
    missing = [STORE_NAMES[name] for name in missing_stores(given)]
    if missing:
        print_line(f"Starting {' and '.join(missing)} ...")
    if "DATABASE_URL" not in missing_stores(given):
        require_answer(given["DATABASE_URL"])
    urls = system.start_stores(given)
    env = child_environment(system.home, env=given, urls=urls, ports=ports)
    write_environment(system.home, env)
    print_line("Migrating the database ...")
    system.migrate(env)
    print_line(f"Starting {len(lines)} processes: {' '.join(line.instance for line in lines)}")
    system.start_lines(lines, env)
    token = _issue_token(system, env)
    _print_when_ready(system, env, token, started_at)
    system.supervisor.run()


def _check_settings(home: Home, env: Mapping[str, str], ports: Mapping[str, int]) -> None:
    """Raise LocalError with every invalid setting, before anything is started."""
    try:
        load_settings(child_environment(home, env=env, urls=NO_STORES, ports=ports))
    except SettingsError as error:
        raise LocalError(error.message) from error


def _issue_token(system: System, env: Mapping[str, str]) -> str | None:
    """Return a new token of the demo player; None after a failure, which is in `token.log`."""
    player = credentials.player_id(system.home.secrets)
    return system.output_of("token", token_command(player), env, TOKEN_SECONDS)


def _print_when_ready(
    system: System, env: Mapping[str, str], token: str | None, started_at: float
) -> None:
    """Wait until `/health` is ok and print the addresses; after a minute print what is wrong."""
    port = int(env["PORT"])
    home: Home = system.home

    is_ok = ok_probe(env["HOST"], port)
    if not system.supervisor.wait_until(is_ok, READY_SECONDS):
        print_not_ready(ask_health(env["HOST"], port), home.logs, READY_SECONDS)
        system.supervisor.wait_until(is_ok, float("inf"))
    print_ready(env, home, token, time.monotonic() - started_at)
