"""The commands of `run.py`; `bootstrap` lists them and `__main__` dispatches them.

A command is a module with `main(root, arguments) -> int`. Standard library only: this module is
imported before `.venv` exists.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Command:
    """The word after `run.py`, its module, and what it needs.

    `reads_env_file` is true for commands that work on the user's system; those that do not install
    anything run with what is there.
    """

    name: str
    module: str
    summary: str
    installs: bool = True
    needs_dev: bool = False
    needs_bench: bool = False
    reads_env_file: bool = False


COMMANDS = (
    Command(
        name="serve",
        module="local.serve",
        summary="start the stores and all processes (the default command)",
        reads_env_file=True,
    ),
    Command(
        name="status",
        module="local.control.status",
        summary="say whether the system runs, and which of its processes",
        installs=False,
        reads_env_file=True,
    ),
    Command(
        name="stop",
        module="local.control.stop",
        summary="stop the running system, as Ctrl-C does",
        installs=False,
        reads_env_file=True,
    ),
    Command(
        name="demo",
        module="local.demo.command",
        summary="let simulated players play on the running system",
        reads_env_file=True,
    ),
    Command(
        name="verify",
        module="local.verify",
        summary="check the invariants of the running system",
        reads_env_file=True,
    ),
    Command(
        name="exec",
        module="local.running",
        summary="run a command on the running system: exec flask ...",
        reads_env_file=True,
    ),
    Command(
        name="test",
        module="devtools.testing",
        summary="run the tests on temporary stores",
        needs_dev=True,
    ),
    Command(
        name="bench",
        module="bench.command",
        summary="measure rates and latencies on a separate stack",
        needs_bench=True,
    ),
    Command(
        name="faults",
        module="faults.command",
        summary="inject faults into a separate stack and check that nothing is lost",
    ),
    Command(
        name="check",
        module="devtools.checks",
        summary="check style, types, import contracts, migrations and lock files",
        needs_dev=True,
    ),
    Command(
        name="fmt",
        module="devtools.formatting",
        summary="format the code and fix what can be fixed automatically",
        needs_dev=True,
    ),
    Command(
        name="client-models",
        module="devtools.client_models",
        summary="make the Python client's models out of the API's description",
        needs_dev=True,
    ),
    Command(
        name="lock",
        module="devtools.locking",
        summary="resolve the requirements into lock files with hashes",
        needs_dev=True,
    ),
    Command(
        name="migration",
        module="devtools.migration",
        summary='write a database migration: migration "what changes"',
        needs_dev=True,
    ),
)
DEFAULT = "serve"
# What `status` exits with, as the init scripts of Linux do (LSB 5.0, 22.2).
NOT_RUNNING = 3


def find_command(name: str) -> Command | None:
    """Return the command with this name, or None."""
    return next((command for command in COMMANDS if command.name == name), None)


def usage() -> str:
    """Return the text of `--help`."""
    lines = [f"  {command.name:<10} {command.summary}" for command in COMMANDS]
    return "\n".join(
        [
            "usage: python3 run.py [command] [arguments]",
            "",
            *lines,
            "",
            "`python3 run.py COMMAND --help` shows the arguments of a command, `--version` the",
            "version.",
            "Settings are environment variables, or lines of the file .env: PORT (8000),",
            "LIVE_PORT (8001), FLOWER_PORT (5555), HOST (127.0.0.1), WORKERS (2), LAUREL_HOME",
            "(.laurel). DATABASE_URL and REDIS_URL select existing stores. docs/settings.md",
            "lists all settings.",
        ]
    )
