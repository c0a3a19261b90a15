"""The circuit breaker: two failures open it, a probe a second passes, a success closes it."""

from domain.store.redis.circuit_breaker import OPEN_SECONDS, CircuitBreaker


class Clock:
    """A clock that the test moves."""

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


def test_one_failure_does_not_open_it() -> None:
    breaker = CircuitBreaker(Clock())
    breaker.record_failure()
    assert not breaker.is_open
    assert breaker.allow()


def test_a_success_resets_the_count() -> None:
    breaker = CircuitBreaker(Clock())
    for _ in range(5):
        breaker.record_failure()
        breaker.record_success()
    assert not breaker.is_open


def test_the_second_failure_in_a_row_opens_it() -> None:
    breaker, clock = make_open_breaker()
    assert breaker.is_open
    clock.seconds += OPEN_SECONDS - 0.001
    assert not breaker.allow()


def test_one_call_a_second_is_a_probe() -> None:
    breaker, clock = make_open_breaker()
    for _ in range(3):
        clock.seconds += OPEN_SECONDS
        assert [breaker.allow() for _ in range(3)] == [True, False, False]


def test_a_failed_probe_restarts_the_second() -> None:
    breaker, clock = make_open_breaker()
    clock.seconds += OPEN_SECONDS
    assert breaker.allow()
    clock.seconds += OPEN_SECONDS / 2
    breaker.record_failure()
    clock.seconds += OPEN_SECONDS * 0.75
    assert not breaker.allow()
    clock.seconds += OPEN_SECONDS * 0.25
    assert breaker.allow()


def test_a_successful_probe_closes_it() -> None:
    breaker, clock = make_open_breaker()
    clock.seconds += OPEN_SECONDS
    assert breaker.allow()
    breaker.record_success()
    assert not breaker.is_open
    assert [breaker.allow() for _ in range(3)] == [True] * 3


def test_opened_by_hand_it_refuses_and_probes_as_after_failures() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    breaker.open()
    assert breaker.is_open
    assert not breaker.allow()
    clock.seconds += OPEN_SECONDS
    assert [breaker.allow() for _ in range(2)] == [True, False]
    breaker.record_success()
    assert not breaker.is_open


def test_the_callback_gets_the_state_and_each_change_once() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    notified: list[bool] = []
    breaker.on_change(notified.append)
    breaker.record_failure()
    breaker.record_success()
    assert notified == [False], "one failure is no change"
    for _ in range(3):
        breaker.record_failure()
    breaker.open()
    assert notified == [False, True]
    breaker.record_success()
    breaker.record_success()
    breaker.open()
    assert notified == [False, True, False, True]
    late: list[bool] = []
    breaker.on_change(late.append)
    assert late == [True]
