"""What is drawn, and how often: shared by the tests of interleavings."""

from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

# Of the scores in `tests/ledgers.py` only the largest is held for review.
LIMITS = {
    "suspicious_score_threshold": 9_000,
    "max_score_per_action": 100_000,
    "max_actions_per_minute": 100_000,
}
# Without shrinking: a failure would take minutes to report.
by_chance = settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Of one seed, and not drawn one by one: small choices, such as doing nothing, would be the rule.
randoms = st.integers(0, 2**32 - 1).map(Random)
