"""The policies that are compared: nothing is held by them, so that both score as many actions."""

from collections.abc import Mapping
from typing import Any

from domain.fraud.checks.table import CHECKS

FEW, ALL = "few", "all"

# The checks that there were before there were profiles, as they were then.
_FIRST = {
    "id_uniqueness": {},
    "timestamp_window": {"maxOffsetSeconds": 0},
    "score_cap": {},
    "velocity": {},
    "score_burst": {},
}
_LIMITS = {"holdAt": 999_999, "rejectAt": 1_000_000}

POLICIES: Mapping[str, dict[str, Any]] = {
    FEW: {
        **_LIMITS,
        "checks": {name: {"points": 1, "settings": given} for name, given in _FIRST.items()},
    },
    ALL: {**_LIMITS, "checks": {check.name: {"points": 1} for check in CHECKS}},
}
