"""The connection limit: who gives way to a newcomer, and who does not."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from domain.errors import RateLimitExceededError
from tests.factories import make_settings
from web.live.connection.limits import SILENCE_SECONDS, ConnectionLimit, ConnectionSlot

USER = UUID("0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823")


@dataclass
class Holder:
    """A session that has been silent for so long; None while no ping is unanswered."""

    slot: ConnectionSlot
    silent: float | None = None
    probes: int = 0
    is_gone: bool = False

    def silent_seconds(self, _now: float) -> float:
        return self.silent or 0.0

    def probe(self, _now: float) -> None:
        self.probes += 1

    def give_way(self) -> None:
        self.is_gone = True
        self.slot.release()


def fill(limit: ConnectionLimit, *silent: float | None) -> list[Holder]:
    """Take a slot of USER for a session of each silence."""
    holders = []
    for seconds in silent:
        slot = limit.acquire(USER)
        slot.holder = Holder(slot, seconds)
        holders.append(slot.holder)
    return holders


@pytest.fixture
def limit() -> ConnectionLimit:
    """Three connections for each user, seven in all."""
    return ConnectionLimit(make_settings(max_sockets_per_user=3, max_sockets=7))


@pytest.mark.parametrize(
    ("silent", "gone"),
    [
        ((None, 3.0, None), 1),
        ((5.0, 3.0, 8.0), 2),
        ((4.0, 4.0, 4.0), 0),
        ((None, SILENCE_SECONDS, 0.1), 1),
    ],
)
def test_the_one_silent_for_longest_gives_way(
    limit: ConnectionLimit, silent: tuple[float | None, ...], gone: int
) -> None:
    holders = fill(limit, *silent)
    limit.acquire(USER)
    assert [holder.is_gone for holder in holders] == [number == gone for number in range(3)]
    assert limit.acquired == 3


@pytest.mark.parametrize("silent", [None, 0.1, SILENCE_SECONDS - 0.1])
def test_without_a_silent_one_all_are_asked_and_the_newcomer_is_refused(
    limit: ConnectionLimit, silent: float | None
) -> None:
    holders = fill(limit, silent, None, None)
    for count in (1, 2):
        with pytest.raises(RateLimitExceededError) as refused:
            limit.acquire(USER)
        assert refused.value.retry_after_seconds > SILENCE_SECONDS
        assert [holder.probes for holder in holders] == [count] * 3
    assert limit.acquired == 3


def test_a_slot_whose_session_has_not_begun_does_not_give_way(limit: ConnectionLimit) -> None:
    for _ in range(3):
        limit.acquire(USER)
    with pytest.raises(RateLimitExceededError):
        limit.acquire(USER)


def test_others_do_not_give_way_when_the_process_is_full(limit: ConnectionLimit) -> None:
    holders = fill(limit, 9.0, 9.0)
    for _ in range(5):
        limit.acquire(uuid4())
    with pytest.raises(RateLimitExceededError):
        limit.acquire(USER)
    assert not any(holder.is_gone for holder in holders)


def test_a_slot_is_given_back_once(limit: ConnectionLimit) -> None:
    slot = limit.acquire(USER)
    slot.release()
    slot.release()
    assert limit.acquired == 0
