"""A policy as JSON: read strictly, and written in one form with every default.

The form in requests, answers, files and the store. Whatever is wrong is named by its path.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from domain.errors import InvalidPayloadError
from domain.fraud.checks.check import Check
from domain.fraud.checks.table import CHECKS, CHECKS_BY_NAME
from domain.fraud.policy import HOLD_AT, REJECT_AT, CheckPolicy, Policy
from domain.rankings.definition_fields.reader import FieldReader, Problems

MAX_POINTS = 1_000_000

GivenSettings = Mapping[str, Mapping[str, float]]
"""By check and setting: what holds for a setting that a policy does not name."""


def decode_policy(
    document: object, *, number: int | None = None, given: GivenSettings | None = None
) -> Policy:
    """Return the policy; raises InvalidPayloadError whose details name each bad field.

    A setting that the document does not name is that of `given`, or the check's own default.
    """
    if not isinstance(document, Mapping):
        raise InvalidPayloadError("A policy must be a JSON object")
    problems = Problems()
    reader = FieldReader(document, problems)
    hold_at = _read_number(reader, "holdAt", HOLD_AT, low=1, high=MAX_POINTS)
    reject_at = _read_number(reader, "rejectAt", REJECT_AT, low=1, high=MAX_POINTS)
    if hold_at >= reject_at:
        reader.refuse("holdAt", "Must be less than rejectAt.")
    checks = _read_checks(reader, given or {})
    reader.refuse_unknown()
    problems.raise_any()
    return Policy(number, hold_at, reject_at, checks)


def encode_policy(policy: Policy) -> dict[str, Any]:
    """Return the policy as JSON; equal policies have equal JSON."""
    return {
        "holdAt": policy.hold_at,
        "rejectAt": policy.reject_at,
        "checks": {
            name: {
                "points": check.points,
                "settings": {
                    write_name(field): value
                    for field, value in dataclasses.asdict(check.settings).items()
                },
            }
            for name, check in policy.checks.items()
        },
    }


def write_name(name: str) -> str:
    """Return the name of a setting as JSON has it: `max_per_minute` is `maxPerMinute`."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _read_checks(reader: FieldReader, given: GivenSettings) -> Mapping[str, CheckPolicy]:
    checks = reader.inner("checks")
    if not checks.names:
        reader.refuse("checks", "Must name at least one check.")
    read = {
        check.name: _read_check(checks, check, given.get(check.name, {}))
        # In the order of the table, which decides between equal points.
        for check in CHECKS
        if check.name in checks.names
    }
    for name in checks.names:
        if name not in CHECKS_BY_NAME:
            checks.take(name)
            checks.refuse(str(name), f"No such check; there are {', '.join(CHECKS_BY_NAME)}.")
    return read


def _read_check(checks: FieldReader, check: Check, given: Mapping[str, float]) -> CheckPolicy:
    if checks.take(check.name) is None:
        checks.refuse(check.name, "Not an object; a check that is left out is off.")
    reader = checks.inner(check.name)
    points = _read_number(reader, "points", check.points, low=0, high=MAX_POINTS)
    fields, defaults = reader.inner("settings"), check.settings()
    settings = {
        field.name: _read_number(
            fields,
            write_name(field.name),
            given.get(field.name, getattr(defaults, field.name)),
            low=field.metadata["minimum"],
            high=field.metadata["maximum"],
        )
        for field in dataclasses.fields(check.settings)
    }
    fields.refuse_unknown()
    reader.refuse_unknown()
    return CheckPolicy(points, check.settings(**settings))


def _read_number(
    reader: FieldReader, name: str, default: float, *, low: float, high: float
) -> float:
    """Return the number in this field, an integer or not, between `low` and `high`."""
    value = reader.take(name)
    if value is None:
        return default
    # A boolean is an int to Python; NaN is between nothing, and infinity is not.
    if type(value) in (int, float) and low <= value <= high:
        return float(value) if type(value) is float and not value.is_integer() else int(value)
    reader.refuse(name, f"Must be a number from {low:,} to {high:,}.")
    return default
