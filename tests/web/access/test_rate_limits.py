"""Rate limits: which requests are counted together, in which order, and the headers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from redis import Redis

from domain.errors import RedisUnavailableError
from domain.settings import Settings
from domain.store.redis.client import RedisClient
from domain.store.redis.counters import Hits, SharedTotals
from domain.store.store import Store
from tests.waiting import wait_until
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, Headers, assert_refused, make_body
from tests.web.intake.batch_service import failures_of
from web.access import shared_counters
from web.access.addresses import find_limited_address, is_this_machine
from web.access.rate_limits import Limits
from web.access.shared_counters import SharedCounters
from web.app import create_app

Bearer = Callable[..., Headers]
Make = Callable[..., FlaskClient]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def make_client(settings: Settings, store: Store, batcher: RecordingBatcher) -> Make:
    """Make clients of applications with limits of their own."""

    def make(**overrides: Any) -> FlaskClient:
        return create_app(replace(settings, **overrides), store, batcher).test_client()

    return make


def test_the_request_after_the_last_is_one_too_many(make_client: Make, bearer: Bearer) -> None:
    client, headers = make_client(rate_limit_requests=3, rate_limit_window=3600), bearer(uuid4())
    answers = [client.get("/api/leaderboard", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    first, last = answers[0].headers, answers[3].headers
    assert first["RateLimit-Policy"] == '"user";q=3;w=3600'
    assert first["RateLimit"].startswith('"user";r=2;t=')
    assert (first["X-RateLimit-Limit"], "Retry-After" in first) == ("3", False)
    assert_refused(answers[3], 429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(last["Retry-After"]) <= 3600
    assert client.get("/api/leaderboard", headers=bearer()).status_code == 200


def test_a_batch_is_one_request(make_client: Make, bearer: Bearer) -> None:
    client = make_client(rate_limit_requests=1, rate_limit_window=3600)
    bodies = {"actions": [make_body() for _ in range(5)]}
    assert client.post(BATCH, json=bodies, headers=bearer()).status_code == 200


def test_an_address_has_ten_users_worth(make_client: Make, bearer: Bearer) -> None:
    client = make_client(rate_limit_requests=1, rate_limit_window=3600)
    answers = [
        client.get("/api/leaderboard", headers=bearer(), environ_base=ELSEWHERE) for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[10].headers["RateLimit-Policy"] == '"address";q=10;w=3600'


def test_loopback_has_no_address_limit(make_client: Make, bearer: Bearer) -> None:
    client = make_client(rate_limit_ip_requests=1, rate_limit_window=3600)
    for peer in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        for _ in range(2):
            answer = client.get(
                "/api/leaderboard", headers=bearer(), environ_base={"REMOTE_ADDR": peer}
            )
            assert answer.status_code == 200


def test_a_game_server_has_no_limit(make_client: Make, bearer: Bearer) -> None:
    client = make_client(rate_limit_requests=1, rate_limit_ip_requests=1, rate_limit_window=3600)
    headers = bearer(roles=["service"])
    answers = [
        client.get("/api/leaderboard", headers=headers, environ_base=ELSEWHERE) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit" not in answers[2].headers
    assert client.get("/", environ_base=ELSEWHERE).status_code == 429


def test_the_order_of_checks_is_the_contract_s(make_client: Make, bearer: Bearer) -> None:
    client = make_client(rate_limit_requests=1, rate_limit_ip_requests=2, rate_limit_window=3600)
    path, there = "/api/actions/complete", {"environ_base": ELSEWHERE}
    assert client.get("/nowhere", **there).status_code == 404
    assert client.get(path, **there).status_code == 405
    assert client.post(path, **there).status_code == 401
    headers = bearer(uuid4())
    assert client.post(path, data="x", headers=headers, **there).status_code == 415
    assert client.post(path, headers=headers, **there).status_code == 429
    assert client.post(path, **there).status_code == 429
    assert client.get("/nowhere", **there).status_code == 404
    assert client.get("/health/live", **there).status_code == 200
    assert client.post(path, data="{", headers=headers).status_code == 429


@pytest.mark.parametrize(
    ("hops", "forwarded", "peer", "expected"),
    [
        (0, "198.51.100.1", "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1", "203.0.113.7", "198.51.100.1"),
        (1, "9.9.9.9, 198.51.100.1", "203.0.113.7", "198.51.100.1"),
        (2, "9.9.9.9, 198.51.100.1, 10.0.0.1", "203.0.113.7", "198.51.100.1"),
        (2, "198.51.100.1", "203.0.113.7", "203.0.113.7"),
        (1, "nonsense", "203.0.113.7", "203.0.113.7"),
        (1, "", "203.0.113.7", "203.0.113.7"),
        (1, "", "127.0.0.1", "unknown"),
        (1, "nonsense", "127.0.0.1", "unknown"),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (0, "", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (0, "", "::ffff:203.0.113.7", "203.0.113.7"),
        (0, "", "::1", None),
        (0, "", "", "unknown"),
    ],
)
def test_the_address_is_the_peer_s_or_the_trusted_one(
    hops: int, forwarded: str, peer: str, expected: str | None
) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
    assert find_limited_address(environ, trusted_hops=hops) == expected


def test_a_request_through_a_proxy_of_this_machine_is_not_from_this_machine() -> None:
    assert is_this_machine({"REMOTE_ADDR": "127.0.0.1"})
    assert not is_this_machine({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "9.9.9.9"})
    assert not is_this_machine({"REMOTE_ADDR": "203.0.113.7"})


def test_processes_share_their_counts(settings: Settings, store: Store) -> None:
    shared = [SharedCounters(store.redis, clock=lambda: 1000.0) for _ in range(2)]
    limits = [Limits(replace(settings, rate_limit_requests=5), part) for part in shared]
    user = uuid4()
    for part in limits:
        for _ in range(2):
            part.hit_user(user)
    for counters in shared:
        counters.share()
    assert limits[1].hit_user(user).remaining == 0
    assert limits[1].hit_user(user).is_exceeded
    # The first process learns of the second's with its next share.
    limits[0].hit_user(user)
    shared[1].share()
    shared[0].share()
    assert limits[0].hit_user(user).is_exceeded


def test_without_redis_each_process_counts_alone_and_tells_later(
    settings: Settings, store: Store, stores: Any
) -> None:
    away = RedisClient(Redis.from_url("redis://127.0.0.1:1", decode_responses=True))
    counters = SharedCounters(away, clock=lambda: 1000.0)
    limits = Limits(replace(settings, rate_limit_requests=2), counters)
    user = uuid4()
    assert not limits.hit_user(user).is_exceeded
    with pytest.raises(RedisUnavailableError):
        counters.share()
    assert not limits.hit_user(user).is_exceeded
    assert limits.hit_user(user).is_exceeded
    counters._redis = store.redis
    counters.share()
    other = SharedCounters(store.redis, clock=lambda: 1000.0)
    elsewhere = Limits(replace(settings, rate_limit_requests=2), other)
    elsewhere.hit_user(user)
    other.share()
    assert elsewhere.hit_user(user).is_exceeded


Start = Callable[[list[SharedCounters]], list[SharedCounters]]


@pytest.fixture
def start_sharing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start counters that then know of each other, and stop them after the test."""
    # On a busy machine Redis may take longer to answer than a request would wait for it.
    monkeypatch.setattr(shared_counters, "SHARE_WAIT_SECONDS", 10.0)
    started: list[SharedCounters] = []

    def start(shared: list[SharedCounters]) -> list[SharedCounters]:
        started.extend(shared)
        for counters in shared:
            counters.start()
        wait_until(lambda: all(counters._processes == len(shared) for counters in shared))
        return shared

    yield start
    for counters in started:
        counters.stop()


@pytest.mark.parametrize(("processes", "limit"), [(2, 100), (4, 100), (8, 100), (16, 100), (3, 7)])
def test_however_many_processes_let_at_most_a_tenth_more_through(
    settings: Settings, store: Store, start_sharing: Start, processes: int, limit: int
) -> None:
    shared = start_sharing([SharedCounters(store.redis, lambda: 1000.0) for _ in range(processes)])
    limits = [Limits(replace(settings, rate_limit_requests=limit), part) for part in shared]
    user, other = uuid4(), uuid4()

    def ask(part: Limits) -> int:
        return sum(not part.hit_user(user).is_exceeded for _ in range(2 * limit // processes + 5))

    with ThreadPoolExecutor(3 * processes) as pool:
        through = sum(pool.map(ask, limits * 3))
    assert limit <= through <= 1.1 * limit
    # Later ones, in whatever process, are refused too.
    assert all(part.hit_user(user).is_exceeded for part in limits for _ in range(limit // 5 + 2))
    assert not limits[0].hit_user(other).is_exceeded


def test_an_ordinary_request_does_not_wait_for_redis(
    settings: Settings, store: Store, start_sharing: Start
) -> None:
    events: list[threading.Event] = []

    def make_event() -> threading.Event:
        events.append(threading.Event())
        return events[-1]

    shared = start_sharing(
        [SharedCounters(store.redis, lambda: 1000.0, make_event) for _ in range(2)]
    )
    limits = Limits(replace(settings, rate_limit_requests=100), shared[0])
    user = uuid4()
    for _ in range(4):
        for _ in range(5):
            limits.hit_user(user)
        wait_until(lambda: not any(counter.own for counter in shared[0]._counters.values()))
    assert events == []
    for _ in range(200):
        limits.hit_user(user)
    assert 0 < len(events) <= 80, "and none that is over the limit waits"


@pytest.fixture
def during_share(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens while a share's call to Redis is under way; the test fills the list."""
    steps: list[Callable[[], object]] = []
    add_hits = shared_counters.add_hits

    def add_hits_slowly(redis: RedisClient, hits: Sequence[Hits], *, process: str) -> SharedTotals:
        while steps:
            steps.pop(0)()
        return add_hits(redis, hits, process=process)

    monkeypatch.setattr(shared_counters, "add_hits", add_hits_slowly)
    return steps


def read_shared_total(store: Store, key: str) -> int:
    """Return what a process that counts nothing learns from the shared counter."""
    other = SharedCounters(store.redis, clock=lambda: 1000.0)
    other.count(key, 60, 0)
    other.share()
    return other.get(key)


def test_hits_counted_during_a_share_are_neither_lost_nor_counted_twice(
    store: Store, during_share: list[Callable[[], object]]
) -> None:
    counters = SharedCounters(store.redis, clock=lambda: 1000.0)
    counters.count("user", 60, 2)
    during_share.append(partial(counters.count, "user", 60, 3))
    counters.share()
    assert counters.get("user") == 5, "the hits of the share are still this process's own"
    assert read_shared_total(store, "user") == 2
    counters.share()
    assert counters.get("user") == 5
    assert read_shared_total(store, "user") == 5
    counters.share()
    assert read_shared_total(store, "user") == 5, "nothing is left to share"


def test_hits_of_a_share_that_fails_go_with_the_next_one(
    store: Store, during_share: list[Callable[[], object]]
) -> None:
    def fail() -> None:
        counters.count("user", 60, 3)
        raise RedisUnavailableError

    counters = SharedCounters(store.redis, clock=lambda: 1000.0)
    counters.count("user", 60, 2)
    counters.count("idle", 60, 4)
    during_share.append(fail)
    with pytest.raises(RedisUnavailableError):
        counters.share()
    assert counters.get("user") == 5
    counters.share()
    assert counters.get("user") == 5
    assert read_shared_total(store, "user") == 5
    assert read_shared_total(store, "idle") == 4


def test_a_share_that_fails_does_not_end_the_sharing(
    store: Store, during_share: list[Callable[[], object]]
) -> None:
    def fail() -> None:
        raise LookupError("a bug")

    before = failures_of("limits")
    counters = SharedCounters(store.redis, clock=lambda: 1000.0)
    counters.count("first", 60, 1)
    during_share.append(fail)
    counters.start()
    wait_until(lambda: failures_of("limits") == before + 1)
    counters.count("second", 60, 2)
    wait_until(lambda: read_shared_total(store, "second") == 2)
    counters.stop()


def test_a_window_that_ends_during_a_share_takes_nothing_into_the_next(
    store: Store, during_share: list[Callable[[], object]]
) -> None:
    now = [1000.0]
    counters = SharedCounters(store.redis, clock=lambda: now[0])

    def begin_next_window() -> None:
        now[0] += 60
        counters.count("user", 60, 1)

    counters.count("user", 60, 2)
    during_share.append(begin_next_window)
    counters.share()
    assert counters.get("user") == 1
    counters.share()
    assert counters.get("user") == 1


def test_a_new_window_starts_anew_and_the_old_one_is_forgotten(
    settings: Settings, store: Store
) -> None:
    now = [1000.0]
    counters = SharedCounters(store.redis, clock=lambda: now[0])
    limits = Limits(replace(settings, rate_limit_requests=1, rate_limit_window=10), counters)
    user = uuid4()
    limits.hit_user(user)
    assert limits.hit_user(user).is_exceeded
    now[0] = 1010.0
    assert not limits.hit_user(user).is_exceeded
    now[0] = 1020.0
    counters.forget_ended()
    assert counters.reset() == 0
