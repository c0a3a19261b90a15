"""How requests were answered while something was broken; for the scenarios that promise it."""

from collections import Counter
from statistics import quantiles

from faults.client import Sent
from faults.model import Strike


def p99(sent: list[Sent]) -> float:
    """Return the seconds that 99 of 100 did not exceed; 0.0 of none."""
    seconds = [one.seconds for one in sent]
    return quantiles(seconds, n=100)[98] if len(seconds) > 1 else sum(seconds)


def find_bad_answers(strike: Strike, sent: list[Sent], *, wanted: int) -> list[str]:
    """Return what was answered that is neither good nor a 503, and whether nothing was `wanted`."""
    actions = [one for one in strike.during(sent) if one.kind == "action"]
    statuses = Counter(one.status for one in actions)
    problems = []
    if not statuses[wanted]:
        problems.append(f"no action was answered {wanted}: nothing was tried ({dict(statuses)})")
    if set(statuses) - {200, 202, 503}:
        problems.append(f"actions were answered {dict(statuses)}")
    return problems


def find_slow_or_failed(strike: Strike, sent: list[Sent], *, p99_seconds: float) -> list[str]:
    """Return what was not answered well, or not soon, while the damage stood."""
    meanwhile = strike.during(sent)
    bad = Counter(one.status for one in meanwhile if one.status not in (200, 202))
    problems = [] if meanwhile else ["nothing was sent meanwhile: it was too short"]
    if bad:
        problems.append(f"answers meanwhile: {dict(bad)}")
    if p99(meanwhile) > p99_seconds:
        problems.append(f"p99 was {p99(meanwhile):.2f} s meanwhile")
    return problems
