"""The breaker: two failures open it, one probe a second goes through, one success closes it."""

from domain.store.redis.circuit_breaker import OPEN_SECONDS, CircuitBreaker


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def make_open_breaker() -> tuple[CircuitBreaker, Clock]:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    breaker.record_failure()
    breaker.record_failure()
    return breaker, clock


def test_one_failure_is_nothing() -> None:
    breaker = CircuitBreaker(Clock())
    breaker.record_failure()
    assert not breaker.is_open
    assert breaker.allow()


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(5):
        breaker.record_failure()
        breaker.record_success()
    assert not breaker.is_open


def test_the_second_failure_in_a_row_holds_everybody_back() -> None:
    breaker, clock = make_open_breaker()
    assert breaker.is_open
    clock.seconds += OPEN_SECONDS - 0.001
    assert not breaker.allow()


def test_one_caller_a_second_probes() -> None:
    breaker, clock = make_open_breaker()
    for _ in range(3):
        clock.seconds += OPEN_SECONDS
        assert [breaker.allow() for _ in range(3)] == [True, False, False]


def test_a_failed_probe_starts_the_second_anew() -> None:
    breaker, clock = make_open_breaker()
    clock.seconds += OPEN_SECONDS
    assert breaker.allow()
    clock.seconds += OPEN_SECONDS / 2
    breaker.record_failure()
    clock.seconds += OPEN_SECONDS * 0.75
    assert not breaker.allow()
    clock.seconds += OPEN_SECONDS * 0.25
    assert breaker.allow()


def test_a_successful_probe_lets_everybody_through() -> None:
    breaker, clock = make_open_breaker()
    clock.seconds += OPEN_SECONDS
    assert breaker.allow()
    breaker.record_success()
    assert not breaker.is_open
    assert [breaker.allow() for _ in range(3)] == [True] * 3


def test_opened_by_who_knows_it_holds_everybody_back_and_probes_as_ever() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    breaker.open()
    assert breaker.is_open
    assert not breaker.allow()
    clock.seconds += OPEN_SECONDS
    assert [breaker.allow() for _ in range(2)] == [True, False]
    breaker.record_success()
    assert not breaker.is_open


def test_whoever_watches_is_told_the_state_and_each_change_once() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    told: list[bool] = []
    breaker.watch(told.append)
    breaker.record_failure()
    breaker.record_success()
    assert told == [False], "one failure is no change"
    for _ in range(3):
        breaker.record_failure()
    breaker.open()
    assert told == [False, True]
    breaker.record_success()
    breaker.record_success()
    breaker.open()
    assert told == [False, True, False, True]
    late: list[bool] = []
    breaker.watch(late.append)
    assert late == [True]
