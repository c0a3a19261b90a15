"""Whatever comes, no check raises, all findings are well formed, and batches do not matter."""

from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.fraud.candidate import Candidate
from domain.fraud.checks.table import CHECKS
from domain.fraud.judging import Judge
from domain.fraud.model import PASSED, Screening
from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.factories import make_policy
from tests.unit.fraud.makers import play
from tests.unit.fraud.strategies import candidates, signals
from tests.unit.fraud.test_anomaly import MODEL

POLICY = make_policy()


@settings(max_examples=300)
@given(st.lists(candidates(), max_size=12), candidates(), signals(), st.booleans())
def test_no_check_raises_and_every_finding_is_well_formed(
    before: list[Candidate], action: Candidate, known: Signals, has_model: bool
) -> None:
    known.profile = play(Profile(), *before).profile
    known.model = MODEL if has_model else None
    for check in CHECKS:
        found = check.run(action, known, check.settings())
        assert 0.0 <= found.score <= 1.0, check.name
        assert (found is PASSED) == (found.score == 0.0), check.name
        assert found.reason in (check.reasons if found.score else (None,)), check.name


def strip(screenings: list[Screening]) -> list[object]:
    """Return the screenings without the times that they took."""
    return [
        (
            screening.verdict,
            screening.reason,
            {
                name: {key: value for key, value in outcome.items() if key != "us"}
                for name, outcome in screening.checks.items()
            },
        )
        for screening in screenings
    ]


@given(st.lists(candidates(), min_size=2, max_size=8), signals())
def test_actions_are_judged_alike_in_one_batch_and_in_many(
    actions: list[Candidate], known: Signals
) -> None:
    """Between two batches the profile goes through its text."""
    once = deepcopy(known)
    together = Judge(POLICY).screen_user(actions, once)
    apart = []
    for action in actions:
        known.profile = Profile.decode(known.profile.encode())
        apart += Judge(POLICY).screen_user([action], known)
    assert repr(strip(together)) == repr(strip(apart))
    assert known.profile == once.profile
    assert repr(known.sessions) == repr(once.sessions)
