"""`run.py` and `run.py serve`: starts everything, says where it is, keeps it running."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from domain.errors import SettingsError
from domain.settings import load_settings
from local import credentials
from local.environment import child_environment
from local.errors import LocalError
from local.health import ask_health, ok_probe
from local.home import Home, empty_metrics, home_path, only_launcher, open_home
from local.ports import LOOPBACK, public_ports, refuse_busy
from local.running import keep_environment
from local.supervision.guardian import Guardian
from local.supervision.procfile import Line, instances, read_procfile, worker_count
from local.supervision.supervisor import StopRequested, Supervisor
from local.supervision.sweep import Record, sweep
from local.supervision.system import System
from local.terminal import say
from local.welcome import say_not_ready, say_ready, token_command

PROCFILE = "Procfile"
DESCRIPTION = (
    "Start PostgreSQL, Valkey and every process of the Procfile, say where they are, and keep them"
    " running. Ctrl-C stops all; the data stays in LAUREL_HOME."
)
# Stand for the stores' addresses as long as they are not known.
NO_STORES = {"DATABASE_URL": "postgresql://127.0.0.1/", "REDIS_URL": "redis://127.0.0.1/"}
READY_SECONDS = 60.0
TOKEN_SECONDS = 30.0


def main(root: Path, arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; returns 0 then. Raises LocalError when it cannot start."""
    parser = argparse.ArgumentParser(prog="run.py serve", description=DESCRIPTION)
    parser.add_argument("-v", "--verbose", action="store_true", help="show every line of every log")
    options = parser.parse_args(arguments)
    env = os.environ
    lines = instances(read_procfile(root / PROCFILE), worker_count(env))
    ports = public_ports(env)
    host = env.get("HOST") or LOOPBACK
    home = home_path(root, env)
    open_home(home)
    _refuse_bad_settings(home, env, ports)
    with only_launcher(home, f"http://{host}:{ports['PORT']}") as lock:
        sweep(home.processes, say)
        refuse_busy(host, ports)
        empty_metrics(home)
        guardian = Guardian(lock)
        supervisor = Supervisor(
            logs=home.logs,
            guardian=guardian,
            record=Record(home.processes),
            verbose=options.verbose,
        )
        system = System(root=root, home=home, supervisor=supervisor, guardian=guardian)
        try:
            _serve(system, lines, env, ports)
        except StopRequested:
            pass
        finally:
            if supervisor.has_processes:
                say("Stopping ...")
            system.stop()
            guardian.dismiss()
    say("Stopped. The data is kept in " + str(home.folder))
    return 0


def _serve(
    system: System, lines: Sequence[Line], given: Mapping[str, str], ports: Mapping[str, int]
) -> None:
    """Bring everything up, then look after it until the user wants to stop."""
    started_at = time.monotonic()
    say("Starting PostgreSQL and Valkey ...")
    urls = system.start_stores(given)
    env = child_environment(system.home, env=given, urls=urls, ports=ports)
    keep_environment(system.home, env)
    say("Migrating the database ...")
    system.migrate(env)
    say(f"Starting {len(lines)} processes: {' '.join(line.instance for line in lines)}")
    system.start_lines(lines, env)
    token = _issue_token(system, env)
    _welcome(system, env, token, started_at)
    system.supervisor.run()


def _refuse_bad_settings(home: Home, env: Mapping[str, str], ports: Mapping[str, int]) -> None:
    """Raise LocalError naming every bad setting, before anything is started."""
    try:
        load_settings(child_environment(home, env=env, urls=NO_STORES, ports=ports))
    except SettingsError as error:
        raise LocalError(error.message) from error


def _issue_token(system: System, env: Mapping[str, str]) -> str | None:
    """Return a fresh token of the demo player, or None with the reason in `token.log`."""
    player = credentials.player_id(system.home.secrets)
    return system.output_of("token", token_command(player), env, TOKEN_SECONDS)


def _welcome(system: System, env: Mapping[str, str], token: str | None, started_at: float) -> None:
    """Wait for `/health` to be ok and say so; after a minute say what is wrong, and wait on."""
    port = int(env["PORT"])
    home: Home = system.home

    is_ok = ok_probe(env["HOST"], port)
    if not system.supervisor.wait_until(is_ok, READY_SECONDS):
        say_not_ready(ask_health(env["HOST"], port), home.logs, READY_SECONDS)
        system.supervisor.wait_until(is_ok, float("inf"))
    say_ready(env, home, token, time.monotonic() - started_at)
