"""The number that an action brings to a board, as the integer that is stored; pure.

Called for every action and board: what can be decided once is decided when a reader is made.
"""

from collections.abc import Callable, Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from math import isfinite
from typing import Any

from domain.rankings.definition import ValueSource
from domain.rankings.model import MAX_VALUE, CountedAction, Reason

Metadata = Mapping[str, Any]
ReadValue = Callable[[CountedAction, Metadata, Decimal | None], int | Reason]
"""Returns an action's scaled number, multiplied by the factor if there is one."""

# Exact: a double's text has at most 17 digits, and factors few enough.
EXACT = Context(prec=2000, rounding=ROUND_HALF_EVEN, Emax=MAX_EMAX, Emin=MIN_EMIN)
# Of a number that is too large whatever its digits are: 10**16 > MAX_VALUE.
_TOO_LARGE = 16
_DOUBLE_BITS = 1024


def look_up(metadata: Metadata, path: tuple[str, ...]) -> Any:
    """Return what the metadata has at a path; None for nothing and for null."""
    found: Any = metadata
    for name in path:
        if type(found) is not dict:
            return None
        found = found.get(name)
    return found


def make_reader(source: ValueSource, decimals: int) -> ReadValue:
    """Return the function that reads numbers from this source."""
    path = source.path
    if path is not None:
        return _read_metadata(path, decimals)
    if source.text == "score":
        return _read_score(decimals)
    return lambda _action, _metadata, factor: scale(1, decimals, factor)


def scale(number: Any, decimals: int, factor: Decimal | None) -> int | Reason:
    """Return number × factor × 10^decimals, rounded half to even; or why it does not count.

    A boolean is no number. What JSON wrote is taken as written: 0.1 is a tenth.
    """
    if type(number) is int and factor is None:
        scaled = number * 10**decimals if decimals else number
    elif _is_number(number):
        exact = EXACT.scaleb(Decimal(str(number)), decimals)
        exact = exact if factor is None else EXACT.multiply(exact, factor)
        if exact and exact.adjusted() >= _TOO_LARGE:
            return Reason.VALUE_INVALID
        scaled = int(exact.to_integral_value(ROUND_HALF_EVEN, EXACT))
    else:
        return Reason.VALUE_MISSING if number is None else Reason.VALUE_INVALID
    return scaled if -MAX_VALUE <= scaled <= MAX_VALUE else Reason.VALUE_INVALID


def _read_score(decimals: int) -> ReadValue:
    def read(action: CountedAction, _: Metadata, factor: Decimal | None) -> int | Reason:
        score = action.score
        if factor is None and not decimals and -MAX_VALUE <= score <= MAX_VALUE:
            return score
        return scale(score, decimals, factor)

    return read


def _is_number(found: Any) -> bool:
    """Return whether this is a number that a double may be; Python refuses to write much longer."""
    if type(found) is int:
        return found.bit_length() <= _DOUBLE_BITS
    return type(found) is float and isfinite(found)


def _read_metadata(path: tuple[str, ...], decimals: int) -> ReadValue:
    if len(path) > 1:
        return lambda _, metadata, factor: scale(look_up(metadata, path), decimals, factor)
    name = path[0]
    return lambda _, metadata, factor: scale(metadata.get(name), decimals, factor)
