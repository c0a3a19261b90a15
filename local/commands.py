"""The commands of `run.py`, one line each; `bootstrap` shows and `__main__` dispatches them.

A command is a module with `main(root, arguments) -> int`. Standard library only: this is read
before `.venv` exists.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One word after `run.py`, the module that answers it, and which lock files it needs."""

    name: str
    module: str
    needs_dev: bool
    summary: str
    needs_bench: bool = False


COMMANDS = (
    Command("serve", "local.serve", False, "start everything and keep it running (the default)"),
    Command(
        "demo", "local.demo.command", False, "let simulated players play on the running system"
    ),
    Command("verify", "local.verify", False, "check the invariants of the running system"),
    Command("exec", "local.running", False, "run a command on the running system: exec flask ..."),
    Command("test", "devtools.testing", True, "run the test suite on throw-away stores"),
    Command(
        "bench",
        "bench.command",
        False,
        "measure how fast it is, on a stack of its own",
        needs_bench=True,
    ),
    Command("faults", "faults.command", False, "break a stack of its own and see what is lost"),
    Command("check", "devtools.checks", True, "lint, types, import contracts, migrations, lock"),
    Command("fmt", "devtools.formatting", True, "format the code and fix what can be fixed"),
    Command("lock", "devtools.locking", True, "resolve the requirements anew, with hashes"),
    Command("migration", "devtools.migration", True, 'write a migration: migration "what changes"'),
)
DEFAULT = "serve"


def find_command(name: str) -> Command | None:
    """Return the command of that name, or None."""
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
            "`python3 run.py COMMAND --help` lists the arguments of a command.",
            "Settings are environment variables: PORT (8000), LIVE_PORT (8001), FLOWER_PORT",
            "(5555), HOST (127.0.0.1), WORKERS (2), LAUREL_HOME (.laurel); DATABASE_URL and",
            "REDIS_URL name stores of your own. All of them: docs/settings.md.",
        ]
    )
