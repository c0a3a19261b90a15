"""Every operators' command fails with one line, those that are added later too."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import click
import pytest
from flask import Flask

from cli.errors import OperatorCommand, OperatorGroup
from cli.registry import COMMANDS, check_command, register_commands
from domain.errors import InvalidPayloadError, RedisUnavailableError
from domain.store.store import connect
from tests.factories import make_settings
from web.app import create_app

WITHOUT_STORE = {"audit public-key", "tokens issue"}
PROOF = Path(__file__).with_name("proof.json")
BOARDS = Path(__file__).with_name("boards.toml")
POLICY = Path(__file__).with_name("policy.json")
ARGUMENTS = {
    "actions reject": (str(uuid4()), "--reason", "seen"),
    "actions release": (str(uuid4()), "--reason", "seen"),
    "actions retry": (str(uuid4()), "--reason", "seen"),
    "audit prove": (str(uuid4()),),
    "audit prove-growth": ("1",),
    "audit check-proof": (str(PROOF),),
    "actions restore": (str(uuid4()), "--reason", "seen"),
    "actions void": (str(uuid4()), "--reason", "seen"),
    "bans add": (str(uuid4()), "--reason", "CHEATING", "--note", "seen"),
    "bans end": (str(uuid4()), "--reason", "seen"),
    "bans show": (str(uuid4()),),
    "roles grant": (str(uuid4()), "moderator"),
    "roles take": (str(uuid4()), "moderator"),
    "boards apply": (str(BOARDS), "--yes"),
    "boards delete": ("run",),
    "boards show": ("run",),
    "fraud activate": ("1", "--note", "seen"),
    "fraud apply": (str(POLICY), "--note", "seen", "--yes"),
    "fraud backtest": (str(POLICY),),
    "fraud create": (str(POLICY), "--note", "seen"),
    "fraud retire": ("1", "--note", "seen"),
    "fraud shadow": ("1", "--note", "seen"),
    "fraud show": ("1",),
    "fraud train": ("--note", "seen"),
    "fraud use-model": ("1", "--state", "live", "--note", "seen"),
    "keys create": ("--name", "eu-1"),
    "keys revoke": ("eu-1",),
    "second-factors remove": (str(uuid4()),),
    "signing-keys create": ("eu-1",),
    "signing-keys revoke": ("eu-1",),
    "tokens revoke": ("--subject", str(uuid4())),
    "verify": ("--wait", "0"),
}


def list_commands(command: click.Command, *path: str) -> Iterator[str]:
    """Yield the words that call each command."""
    words = (*path, command.name or "")
    if isinstance(command, click.Group):
        for member in command.commands.values():
            yield from list_commands(member, *words)
    else:
        yield " ".join(words)


@pytest.fixture
def lone_app() -> Flask:
    """The application with its commands and without stores."""
    settings = make_settings(audit_signing_key=b64encode(bytes(32)).decode())
    app = create_app(settings, connect(settings))
    register_commands(app)
    return app


@pytest.mark.parametrize("command", [words for top in COMMANDS for words in list_commands(top)])
def test_every_command_without_postgresql_says_so_in_one_line(
    lone_app: Flask, command: str
) -> None:
    arguments = (*command.split(), *ARGUMENTS.get(command, ()))
    result = lone_app.test_cli_runner().invoke(args=arguments)
    if command in WITHOUT_STORE:
        assert result.exit_code == 0
        return
    assert (result.exit_code, result.output) == (
        2,
        "Error: PostgreSQL at DATABASE_URL does not answer\n",
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RedisUnavailableError(), "Error: Redis at REDIS_URL does not answer"),
        (InvalidPayloadError("that is wrong"), "Error: that is wrong"),
    ],
)
def test_a_new_command_of_a_group_fails_with_one_line_unasked(
    lone_app: Flask, error: Exception, line: str
) -> None:
    group = OperatorGroup("group")

    @group.command("new")
    def fail() -> None:
        raise error

    check_command(group)
    lone_app.cli.add_command(group)
    result = lone_app.test_cli_runner().invoke(args=("group", "new"))
    assert (result.exit_code, result.output) == (2, line + "\n")


def test_a_command_that_would_show_a_traceback_is_not_registered() -> None:
    group = OperatorGroup("group")
    group.add_command(click.Command("forgetful"))
    with pytest.raises(TypeError, match="forgetful"):
        check_command(group)
    with pytest.raises(TypeError):
        check_command(click.Group("plain"))
    check_command(OperatorCommand("sound"))
