"""The profile: its text, what it learns of which verdicts, and that it stays small."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fraud.candidate import Candidate
from domain.fraud.model import Verdict
from domain.fraud.profile import VERSION, Profile
from tests.unit.fraud.makers import make_candidate, make_client, play
from tests.unit.fraud.strategies import candidates

MOST_BYTES = 700


def make_busy_profile() -> Profile:
    """Return a profile with as much in it as there can be."""
    profile = Profile()
    for number in range(300):
        client = make_client(
            4_294_967_295 - number % 3, country="DE", latitude=-52.5, longitude=-113
        )
        action = make_candidate(
            at_seconds=977.5 * number,
            age_seconds=(number * 137) % 299,
            score=2**31 - 1,
            action_type=f"a type of actions {number % 5}",
            client=client,
        )
        profile.observe(action, Verdict.PASS)
    return profile


@given(st.lists(st.tuples(candidates(), st.sampled_from(Verdict)), max_size=30))
def test_a_profile_is_the_same_after_its_text(seen: list[tuple[Candidate, Verdict]]) -> None:
    profile = Profile()
    for action, verdict in seen:
        profile.observe(action, verdict)
    again = Profile.decode(profile.encode())
    assert not again.is_unreadable
    assert again == profile
    # Both go on alike.
    for action, verdict in seen:
        profile.observe(action, verdict)
        again.observe(action, verdict)
    assert again.encode() == profile.encode()


def test_a_profile_stays_small() -> None:
    busy = make_busy_profile()
    assert (len(busy.clocks), len(busy.habits), len(busy.intervals)) == (3, 5, 20)
    assert len(busy.encode()) < MOST_BYTES


def test_a_new_profile_knows_nothing() -> None:
    assert Profile.decode(Profile().encode()) == Profile()
    assert Profile() != play(Profile(), make_candidate()).profile
    assert Profile() != "a profile"


NEWER = orjson.dumps([VERSION + 1, *orjson.loads(Profile().encode())[1:]]).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "{}",
        "null",
        "[]",
        "[1]",
        "[1,2]",
        NEWER,
        make_busy_profile().encode()[:-20] + "]",
        make_busy_profile().encode().replace(",", ",1.5,", 1),
        Profile().encode().replace("[1,0,0", "[1,-1,0"),
        Profile().encode().replace("[1,0,0", "[1,0,1"),
        Profile().encode().replace("[1,0", "[1,true"),
    ],
)
def test_a_text_that_cannot_be_read_is_an_empty_profile_that_says_so(text: str) -> None:
    profile = Profile.decode(text)
    assert profile.is_unreadable
    assert profile == Profile()


@given(st.text() | st.lists(st.integers() | st.none() | st.text(), max_size=40).map(str))
def test_no_text_breaks_the_decoder(text: str) -> None:
    Profile.decode(text)


def test_a_held_action_moves_times_and_places_but_no_scores() -> None:
    first = make_candidate(client=make_client(country="DE", latitude=52.0, longitude=13.0))
    held = make_candidate(
        at_seconds=60,
        score=1000,
        client=make_client(2, country="ES", latitude=40.0, longitude=-3.0),
    )
    profile = play(Profile(), first).profile
    play(profile, held, verdict=Verdict.QUARANTINE)
    assert (profile.seen, len(profile.intervals), len(profile.clocks)) == (2, 1, 2)
    assert (profile.latitude, profile.longitude) == (4000, -300)
    assert profile.last_ms == held.accepted_us // 1000
    (habit,) = profile.habits
    assert (habit.scores, habit.top) == (1, 100)


def test_of_a_rejected_action_the_clock_alone_is_learned() -> None:
    profile = Profile()
    play(profile, make_candidate(age_seconds=-45, client=make_client()), verdict=Verdict.REJECT)
    (clock,) = profile.clocks
    assert (clock.observed, clock.offset_ms) == (1, -45_000)
    assert (profile.seen, profile.last_ms, profile.habits, profile.stamps) == (0, 0, [], [])


def test_the_devices_and_types_seen_last_are_kept() -> None:
    profile = Profile()
    for number in range(8):
        action = make_candidate(
            at_seconds=60 * number, client=make_client(number), action_type=str(number)
        )
        play(profile, action)
    assert [clock.device for clock in profile.clocks] == [7, 6, 5]
    assert len(profile.habits) == 5
    again = make_candidate(at_seconds=600, client=make_client(5), action_type="4")
    kept = profile.habits[3].key
    play(profile, again)
    assert [clock.device for clock in profile.clocks] == [5, 7, 6]
    assert (profile.habits[0].key, profile.habits[0].scores) == (kept, 2)


def test_an_outlier_moves_a_habit_little() -> None:
    profile = Profile()
    for number in range(20):
        play(profile, make_candidate(at_seconds=60 * number, score=90 + number))
    (habit,) = profile.habits
    before = habit.mean
    play(profile, make_candidate(at_seconds=2000, score=10**9))
    assert habit.mean - before < 50
