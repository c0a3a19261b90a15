"""Conditions on an action's metadata, each made into a function once; pure.

Types are those of JSON: 1 and 1.0 are one number, and true is none.
"""

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from domain.rankings.definition import Condition
from domain.rankings.values import Metadata, look_up

Holds = Callable[[Metadata], bool]
Fits = Callable[[Any], bool]


def make_condition(condition: Condition) -> Holds:
    """Return the function that says whether metadata meets this condition."""
    fits = _make_fits(condition)
    path = condition.path
    if len(path) > 1:
        return lambda metadata: fits(look_up(metadata, path))
    name = path[0]
    return lambda metadata: fits(metadata.get(name))


def _make_fits(condition: Condition) -> Fits:
    if condition.kind == "present":
        present = condition.present
        return lambda found: (found is not None) is present
    if condition.kind == "range":
        return _make_range(condition.minimum, condition.maximum)
    expected = condition.equals
    if type(expected) is bool:
        return lambda found: found is expected
    if type(expected) is str:
        return lambda found: type(found) is str and found == expected
    return lambda found: (type(found) is int or type(found) is float) and found == expected


def _make_range(minimum: Decimal | None, maximum: Decimal | None) -> Fits:
    low = Decimal("-Infinity") if minimum is None else minimum
    high = Decimal("Infinity") if maximum is None else maximum

    def is_in_range(found: Any) -> bool:
        if type(found) is int:
            return low <= found <= high
        # As it is written: the double of 0.1 is a little larger than a tenth.
        return type(found) is float and isfinite(found) and low <= Decimal(str(found)) <= high

    return is_in_range
