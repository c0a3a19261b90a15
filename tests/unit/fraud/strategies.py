"""Strategies: any action, client and signals that the pipeline could ever pass, and worse ones."""

from hypothesis import strategies as st

from domain.fraud.baseline import Baseline
from domain.fraud.candidate import Candidate, Client
from domain.fraud.signals import PlaySession, Signals, Window
from tests.unit.fraud.makers import NOON_US, USER

SESSIONS = ["one", "two", "three"]
DAY_US = 86_400_000_000

_numbers = st.floats(allow_nan=True, allow_infinity=True)
_bigints = st.integers(-(2**63), 2**63 - 1)
_times = st.integers(NOON_US - DAY_US, NOON_US + DAY_US) | _bigints


def clients() -> st.SearchStrategy[Client]:
    return st.builds(
        Client,
        client_no=st.integers(1, 9),
        device=st.uuids().map(str)
        | st.sampled_from(["00000001-" + "0" * 27, "00000002-" + "0" * 27]),
        names_device=st.booleans(),
        address=st.uuids().map(str),
        country=st.sampled_from(["", "DE", "JP", "??"]),
        latitude=st.none() | _numbers,
        longitude=st.none() | _numbers,
        is_hosting=st.booleans(),
    )


def candidates() -> st.SearchStrategy[Candidate]:
    return st.builds(
        Candidate,
        action_no=st.integers(1, 10**9),
        action_id=st.just("an id"),
        user_id=st.just(USER),
        score=st.integers(0, 1000) | _bigints | st.booleans(),
        accepted_us=_times,
        timestamp_us=_times,
        holds_id=st.booleans(),
        action_type=st.none() | st.sampled_from(["", "a", "b"]) | st.text(max_size=20),
        client=st.none() | clients(),
        session_id=st.none() | st.sampled_from(SESSIONS),
        duration_ms=st.none() | _numbers | st.integers(0, 10**9).map(float),
        step_up=st.integers(0, 2),
    )


def baselines() -> st.SearchStrategy[Baseline]:
    numbers = st.floats(-1e6, 1e6)
    optional = st.none() | numbers
    return st.builds(
        Baseline,
        st.integers(0, 10**6),
        *[numbers] * 4,
        *[optional] * 5,
    )


def sessions() -> st.SearchStrategy[PlaySession]:
    return st.builds(
        PlaySession,
        session_id=st.just("one"),
        user_id=st.sampled_from([USER, "another"]),
        started_us=_times,
        expires_us=_times,
        ended_us=st.none() | _times,
        claimed_ms=st.integers(0, 2**62),
        last_device=st.none() | st.uuids().map(str),
        switches=st.integers(0, 32_767),
    )


def signals() -> st.SearchStrategy[Signals]:
    return st.builds(
        Signals,
        window=st.builds(Window, st.integers(0, 10**6), st.integers(0, 2**62)),
        snoozed=st.dictionaries(st.sampled_from(["velocity", "no check"]), _times, max_size=2),
        sessions=st.dictionaries(st.sampled_from(SESSIONS), sessions(), max_size=2),
        users_by_subject=st.just({}),
        baselines=st.dictionaries(st.sampled_from(["", "a"]), baselines(), max_size=2),
    )
