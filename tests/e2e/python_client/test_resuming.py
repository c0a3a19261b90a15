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


def test_a_listener_misses_none_of_its_events_when_the_live_process_is_killed(
    stack: Stack, laurel: Laurel
) -> None:
    groups = [[Action(score=1) for _ in range(ACTIONS)] for _ in range(3)]
    waiting = iter(groups)
    told: list[str] = []
    recovered: list[bool] = []

    def play() -> None:
        for action in next(waiting):
            assert laurel.complete(action).status is Status.APPLIED

    with laurel.live() as live:
        live.follow("leaderboard")
        for event in live:
            if event["event"] == "subscribed" and event["channel"] == "user:self":
                recovered.append(event["recovered"])
                play()
            if event["event"] == "score_updated" and event["channel"] == "user:self":
                told.append(event["actionId"])
            if len(told) == ACTIONS == len(told) * len(recovered):
                stack.kill("live")
                play()
            if len(told) == 3 * ACTIONS:
                break
    assert told == [str(action.action_id) for group in groups for action in group]
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
