"""`bans show|add|end`: one line each, and clear refusals."""

from uuid import UUID, uuid4

import pytest
from click.testing import Result
from flask import Flask

from domain.store.store import Store
from tests.factories import make_player
from tests.intakes import fetch


@pytest.fixture
def player(store: Store) -> UUID:
    """Somebody on the board."""
    return make_player(store, score=50, reached_seq=1).user_id


def run(app: Flask, *arguments: str) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["bans", *arguments])


def test_a_player_is_banned_and_the_ban_is_ended(app: Flask, store: Store, player: UUID) -> None:
    assert run(app, "show", str(player)).output == "not banned\n"
    arguments = ("--reason", "CHEATING", "--note", "a trainer", "--by", "grace")
    done = run(app, "add", str(player), *arguments)
    said = "banned for good: CHEATING, by operator:grace: a trainer\n"
    assert done.output.endswith(said)
    assert run(app, "show", str(player)).output == said
    (score,) = fetch(store, "SELECT reached_seq, withheld_seq FROM user_scores")
    assert (score.reached_seq, score.withheld_seq) == (None, 1)
    ended = run(app, "end", str(player), "--reason", "an error")
    assert ended.output.endswith("not banned any more\n")
    (score,) = fetch(store, "SELECT reached_seq, withheld_seq FROM user_scores")
    assert (score.reached_seq, score.withheld_seq) == (1, None)
    acts = fetch(store, "SELECT kind, by, reason FROM moderation_acts ORDER BY act_no")
    assert [(act.kind, act.reason) for act in acts] == [("ban", "a trainer"), ("unban", "an error")]


def test_a_ban_is_until_a_time(app: Flask, player: UUID) -> None:
    arguments = ("--reason", "ABUSE", "--note", "insults")
    done = run(app, "add", str(player), *arguments, "--until", "2999-01-01T12:00")
    assert "banned until 2999-01-01T12:00:00+00:00: ABUSE" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reason", "CHEATING"), "Missing option '--note'"),
        (("--reason", "CHEATING", "--note", " "), "Invalid value for '--note'"),
        (("--reason", "because", "--note", "x"), "'because' is not one of"),
        (("--reason", "OTHER", "--note", "x", "--until", "soon"), "is not a time in ISO 8601"),
        (("--reason", "OTHER", "--note", "x", "--until", "2020-01-01"), "must be in the future"),
    ],
)
def test_a_bad_ban_is_refused(
    app: Flask, player: UUID, arguments: tuple[str, ...], said: str
) -> None:
    refused = run(app, "add", str(player), *arguments)
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    assert run(app, "show", str(player)).output == "not banned\n"


def test_whom_nobody_knows_and_whom_nobody_banned_are_named(app: Flask, player: UUID) -> None:
    for command in ("show", "end"):
        reason = ("--reason", "x") if command == "end" else ()
        missing = run(app, command, str(uuid4()), *reason)
        assert (missing.exit_code, "There is no such user" in missing.output) == (2, True)
    assert run(app, "end", str(player), "--reason", "x").exit_code == 2
