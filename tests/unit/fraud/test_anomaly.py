"""The anomaly model: training, what is rare, why, and what is no model."""

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fraud.anomaly.features import features
from domain.fraud.anomaly.model import FEATURES, FORMAT, Model
from domain.fraud.anomaly.training import train
from domain.fraud.candidate import Candidate
from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import find, make_candidate, passes, play
from tests.unit.fraud.strategies import candidates, signals


def make_rows(count: int, seed: int = 1) -> list[tuple[float, ...]]:
    """Return features of usual actions: some spread, some always alike."""
    random = Random(seed)
    return [
        tuple(random.gauss(5, 1) if number % 3 else 0.0 for number in range(len(FEATURES)))
        for _ in range(count)
    ]


MODEL = train(make_rows(3000))
USUAL = tuple(5.0 if number % 3 else 0.0 for number in range(len(FEATURES)))
ODD = (USUAL[0], 15.0, *USUAL[2:])
ODDER = tuple(15.0 if number % 3 else 1.0 for number in range(len(FEATURES)))


def test_about_one_usual_action_in_a_hundred_is_beyond_the_usual() -> None:
    rare = sum(MODEL.score(row).score > 0 for row in make_rows(3000, seed=2))
    assert 5 < rare < 90


def test_what_was_never_seen_is_rare_and_says_why() -> None:
    assert MODEL.score(ODDER).score == 1.0
    assert len(MODEL.score(ODDER).spoke_most) == 3
    assert "interval" not in MODEL.score(make_rows(1)[0]).spoke_most
    assert MODEL.add_up(ODD) > MODEL.add_up(USUAL) + 5


def test_a_value_that_all_have_is_no_surprise_and_every_other_is() -> None:
    usual = list(make_rows(1)[0])
    total = MODEL.add_up(usual)
    for other in (-0.001, 0.001):
        assert MODEL.add_up([other, *usual[1:]]) == pytest.approx(total + 8)


def test_few_actions_train_no_model() -> None:
    with pytest.raises(ValueError, match="999 actions are too few"):
        train(make_rows(999))


@given(candidates(), signals(), st.lists(candidates(), max_size=10))
def test_every_feature_of_any_action_is_a_number(
    action: Candidate, known: Signals, before: list[Candidate]
) -> None:
    known.profile = play(Profile(), *before).profile
    measured = features(action, known)
    assert len(measured) == len(FEATURES)
    assert all(abs(value) < 1e20 for value in measured)


def test_a_model_is_the_same_after_its_text() -> None:
    again = Model.from_json(MODEL.to_json(), is_live=True)
    assert again.is_live
    assert not MODEL.is_live
    assert again.to_json() == MODEL.to_json()
    assert again.score(ODDER) == MODEL.score(ODDER)


def change(**values: Any) -> str:
    return orjson.dumps({**orjson.loads(MODEL.to_json()), **values}).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        change(format=FORMAT + 1),
        change(names=["one"]),
        change(names=None),
        change(edges=[]),
        change(edges=[["a"]]),
        change(surprise=[[0.0]] * len(FEATURES)),
        change(edges=[[2.0, 1.0]] * len(FEATURES), surprise=[[0.0] * 3] * len(FEATURES)),
        change(usual=2.0, rare=1.0),
        change(usual=None),
        MODEL.to_json()[:-9],
        MODEL.to_json().replace('"usual":', '"unusual":'),
    ],
)
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Model.from_json(text, is_live=True)


def test_the_check_counts_what_is_rare_and_names_the_features() -> None:
    # Sixty actions a day.
    times = [86_400 * (number // 60) + 60 * (number % 60) for number in range(1230)]
    *usual, last = (make_candidate(at_seconds=at) for at in times)
    known = Signals()
    rows = []
    for action in usual:
        rows.append(features(action, known))
        play(known.profile, action)
    known.model = train(rows)
    assert passes("model", last, known)
    odd = last._replace(score=10**6, duration_ms=10.0, timestamp_us=last.timestamp_us - 10**8)
    found = find("model", odd, known)
    assert (found.score, found.reason) == (1.0, "ANOMALY")
    assert isinstance(found.seen, str)
    assert "score" in found.seen
