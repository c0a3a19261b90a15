"""The player of `bans-and-voids` asks again until it knows, and names what it is told wrongly."""

import asyncio
import random
from collections.abc import Sequence
from uuid import uuid4

import pytest

from faults import moderated
from faults.client import Client
from faults.moderated import Callers, ModeratedPlayer
from tests.rig.server import Behaviour, serving

ACCEPTED = b'{"results":[{"status":"applied"}]}'
DUPLICATE = b'{"results":[{"error":{"code":"DUPLICATE_ACTION"}}]}'
REFUSED = b'{"results":[{"error":{"code":"BANNED"}}]}'
PENDING = b'{"error":{"code":"STATUS_CONFLICT","details":{"status":"pending"}}}'
VOIDED = b'{"error":{"code":"STATUS_CONFLICT","details":{"status":"voided"}}}'


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderated, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(moderated, "KNOWN_SECONDS", 0.0)


def answer(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def in_turn(answers: Sequence[bytes | None]) -> Behaviour:
    """Give these answers, and the last one from then on."""
    return lambda number: answers[min(number, len(answers) - 1)]


def meet(answers: Sequence[bytes | None], call: str) -> ModeratedPlayer:
    """Return the player after one of its calls was answered so."""

    async def run(port: int) -> ModeratedPlayer:
        client = Client(port)
        player = ModeratedPlayer(str(uuid4()), Callers(client, "s", "a"), random.Random(1))
        player.applied = {"one": 5}
        await getattr(player, call)()
        client.close()
        return player

    with serving(in_turn(answers)) as port:
        return asyncio.run(run(port))


@pytest.mark.parametrize("unknown", [None, answer(b"{}", 503)], ids=["no answer", "503"])
def test_an_action_of_unknown_outcome_is_sent_again_and_counts_once(unknown: bytes | None) -> None:
    player = meet([unknown, answer(DUPLICATE)], "find_accepted")
    assert (len(player.applied), player.uncertain, player.problems) == (2, {}, [])


def test_what_a_ban_refuses_after_an_unknown_outcome_may_be_stored_or_not() -> None:
    player = meet([None, answer(REFUSED)], "find_refused")
    assert (len(player.applied), len(player.uncertain), player.problems) == (1, 1, [])


def test_an_action_that_is_accepted_though_the_player_is_banned_is_named() -> None:
    (problem,) = meet([answer(ACCEPTED)], "find_refused").problems
    assert "accepted while banned" in problem


def test_an_action_that_is_refused_though_the_ban_has_ended_is_named() -> None:
    (problem,) = meet([answer(REFUSED)], "find_accepted").problems
    assert "refused though not banned" in problem


@pytest.mark.parametrize("last", [answer(b'{"status":"voided"}'), answer(VOIDED, 409)])
def test_a_decision_waits_for_the_action_and_is_done_once_however_it_is_told(last: bytes) -> None:
    player = meet([answer(PENDING, 409), None, last], "void")
    assert (player.applied, player.voided, player.problems) == ({}, {"one": 5}, [])


def test_a_decision_that_is_refused_is_named() -> None:
    (problem,) = meet([answer(b"{}", 403)], "void").problems
    assert "was answered 403" in problem
