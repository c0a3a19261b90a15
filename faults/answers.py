"""How requests were answered during a fault; used by scenarios that promise something about it."""

from collections import Counter
from statistics import quantiles

from faults.client import Sent
from faults.scenario import Injection


def p99(sent: list[Sent]) -> float:
    """Return the 99th percentile of the latencies in seconds; 0.0 when there are none."""
    seconds = [one.seconds for one in sent]
    return quantiles(seconds, n=100)[98] if len(seconds) > 1 else sum(seconds)


def find_bad_answers(injection: Injection, sent: list[Sent], *, wanted: int) -> list[str]:
    """Return the answers other than 200, 202 and 503, and whether none had the status `wanted`."""
    actions = [one for one in injection.during(sent) if one.kind == "action"]
    statuses = Counter(one.status for one in actions)
    problems = []
    if not statuses[wanted]:
        problems.append(
            f"no action was answered {wanted}: the fault had no effect ({dict(statuses)})"
        )
    if set(statuses) - {200, 202, 503}:
        problems.append(f"actions were answered {dict(statuses)}")
    return problems


def find_slow_or_failed(injection: Injection, sent: list[Sent], *, p99_seconds: float) -> list[str]:
    """Return how requests failed during the fault, and whether their p99 exceeds the limit."""
    during = injection.during(sent)
    bad = Counter(one.status for one in during if one.status not in (200, 202))
    problems = [] if during else ["nothing was sent during the fault: it was too short"]
    if bad:
        problems.append(f"answers during the fault: {dict(bad)}")
    if p99(during) > p99_seconds:
        problems.append(f"p99 was {p99(during):.2f} s during the fault")
    return problems
