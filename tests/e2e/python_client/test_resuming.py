"""The Python client over losses: a killed live process, and actions that are sent meanwhile."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from laurel_client import Action, ApiError, AsyncLaurel, Laurel, Status

from tests.e2e.stack import Stack

# All of them within a minute: less than a player may send.
ACTIONS = 3


@pytest.fixture
def laurel(stack: Stack) -> Iterator[Laurel]:
    with Laurel(f"http://127.0.0.1:{stack.port}") as client:
        client.register(f"eve-{uuid4().hex[:8]}", "correct horse battery")
        yield client


def play(laurel: Laurel, played: int) -> list[str]:
    """Send ACTIONS actions that all differ, and return their ids."""
    outcomes = [laurel.complete(Action(score=10 + played + n)) for n in range(ACTIONS)]
    assert {outcome.status for outcome in outcomes} == {Status.APPLIED}
    return [str(outcome.action_id) for outcome in outcomes]


def test_a_listener_misses_none_of_its_events_when_the_live_process_is_killed(
    stack: Stack, laurel: Laurel
) -> None:
    sent: list[str] = []
    told: list[str] = []
    recovered: list[bool] = []

    with laurel.live() as live:
        live.follow("leaderboard")
        for event in live:
            if event.get("channel") != "user:self":
                continue
            if event["event"] == "subscribed" and event["id"]:
                recovered.append(event["recovered"])
                sent += play(laurel, len(sent))
            if event["event"] == "score_updated":
                told.append(event["actionId"])
                if len(told) == ACTIONS:
                    stack.kill("live")
                    sent += play(laurel, len(sent))
                if len(told) == 3 * ACTIONS:
                    break
    assert told == sent
    assert recovered == [False, True]


def test_an_action_sent_twice_counts_once(laurel: Laurel) -> None:
    action = Action(score=7)
    first, again = laurel.complete(action), laurel.complete(action)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert first.new_score == again.new_score == 7
    with pytest.raises(ApiError, match="ACTION_ID_CONFLICT") as raised:
        laurel.complete(Action(score=8, action_id=action.action_id))
    assert raised.value.status == 409
    assert raised.value.request_id


def test_the_reads_have_models(laurel: Laurel) -> None:
    outcome = laurel.complete(Action(score=30))
    assert laurel.action(outcome.action_id).status == "applied"
    assert laurel.neighborhood().you is not None
    assert laurel.tokens is not None
    assert laurel.score(laurel.tokens.user_id or "").score == 30
    assert laurel.leaderboard().leaderboard
    assert isinstance(laurel.boards().boards, list)
    with pytest.raises(ApiError, match="NOT_FOUND"):
        laurel.standings("there-is-none")


def test_a_spectator_only_looks_on(stack: Stack) -> None:
    async def look_on() -> None:
        async with AsyncLaurel(f"http://127.0.0.1:{stack.port}") as laurel:
            await laurel.look_on()
            async with laurel.live() as live:
                board = await live.follow("leaderboard")
                async for _ in live:
                    if board.is_current:
                        break
            with pytest.raises(ApiError, match="FORBIDDEN"):
                await laurel.complete(Action(score=1))

    asyncio.run(look_on())
