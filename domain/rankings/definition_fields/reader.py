"""Strict readers of a JSON object's fields, which collect everything that is wrong with them.

A field that is null is as good as absent, as in a merge patch. TOML's own dates are taken too. Used
by `domain/rankings/definition_json.py`.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from domain.errors import InvalidPayloadError

Choice = TypeVar("Choice", bound=StrEnum)

# Every integer up to here is exact in JSON.
MAX_NUMBER = 2**53 - 1
YEARS = range(1970, 3000)
# What an answer repeats of a request is bounded.
MAX_NAMED_FIELDS = 20
MAX_NAME_CHARS = 128

# Control, format, surrogate, line and paragraph.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Problems:
    """What is wrong with a document, by the path of the field."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def add(self, path: str, problem: str) -> None:
        """Note a problem of the field at this path."""
        name = path[:MAX_NAME_CHARS]
        if name in self.fields or len(self.fields) < MAX_NAMED_FIELDS:
            self.fields.setdefault(name, []).append(problem)

    def raise_any(self) -> None:
        """Raise InvalidPayloadError with all of them, if there are any."""
        if self.fields:
            raise InvalidPayloadError(details={"fields": self.fields})


class FieldReader:
    """Reads the fields of one object; a bad one is noted, and its default returned."""

    def __init__(self, document: Mapping[str, Any], problems: Problems, prefix: str = ""):
        self._document = document
        self._problems = problems
        self._prefix = prefix
        self._known: set[str] = set()

    def take(self, name: str) -> Any:
        """Return the field as it is; None when it is absent."""
        self._known.add(name)
        return self._document.get(name)

    def refuse(self, name: str, problem: str) -> None:
        """Note what is wrong with the field."""
        self._problems.add(self._prefix + name, problem)

    @property
    def names(self) -> list[str]:
        """The names of all fields."""
        return list(self._document)

    def refuse_unknown(self) -> None:
        """Note every field that has not been read."""
        for name in self._document:
            if name not in self._known:
                self.refuse(str(name), "Unknown field.")

    def text(self, name: str, *, longest: int, default: str | None = "") -> str | None:
        """Return a text of 1 to `longest` characters that can be seen."""
        value = self.take(name)
        if value is None:
            return default
        problem = find_text_problem(value, longest=longest)
        if problem is None:
            return str(value)
        self.refuse(name, problem)
        return default

    def choice(self, name: str, kind: type[Choice], default: Choice) -> Choice:
        """Return the member of `kind` with this value."""
        value = self.take(name)
        if value is None:
            return default
        if type(value) is str and value in kind.__members__.values():
            return kind(value)
        self.refuse(name, f"Must be one of: {', '.join(kind)}.")
        return default

    def integer(self, name: str, *, low: int, high: int, default: int | None) -> int | None:
        """Return an integer between `low` and `high`."""
        value = self.take(name)
        if value is None:
            return default
        if type(value) is int and low <= value <= high:
            return value
        self.refuse(name, f"Must be an integer from {low} to {high}.")
        return default

    def boolean(self, name: str) -> bool:
        """Return a boolean, which is false by default."""
        value = self.take(name)
        if value is not None and type(value) is not bool:
            self.refuse(name, "Not a valid boolean.")
        return value is True

    def number(self, name: str, *, above: int, most: int) -> Decimal | None:
        """Return a number greater than `above`, at most `most`, with at most six decimals."""
        value = self.take(name)
        number = parse_number(value)
        if number is not None and above < number <= most and number == round(number, 6):
            return number
        if value is not None:
            self.refuse(
                name, f"Must be a number greater than {above}, at most {most}, with six decimals."
            )
        return None

    def moment(self, name: str) -> datetime | None:
        """Return a date and time with an offset, as UTC."""
        value = self.take(name)
        moment = parse_moment(value)
        if moment is None:
            problem = "Missing." if value is None else "Not a date and time with an offset."
            self.refuse(name, problem)
        return moment

    def elements(self, name: str, *, most: int) -> list[Any]:
        """Return a list of at most `most` elements."""
        value = self.take(name)
        if value is None:
            return []
        if type(value) is not list:
            self.refuse(name, "Not a list.")
            return []
        if len(value) > most:
            self.refuse(name, f"More than {most}.")
            return []
        return value

    def objects(self, name: str, *, most: int) -> Iterator["FieldReader"]:
        """Yield a reader of each object in a list of at most `most`, and refuse what it left."""
        for index, element in enumerate(self.elements(name, most=most)):
            path = f"{name}[{index}]"
            if type(element) is not dict:
                self.refuse(path, "Not an object.")
                continue
            reader = FieldReader(element, self._problems, f"{self._prefix}{path}.")
            yield reader
            reader.refuse_unknown()

    def inner(self, name: str) -> "FieldReader":
        """Return a reader of the object in this field; of an empty one when there is none."""
        value = self.take(name)
        if value is not None and type(value) is not dict:
            self.refuse(name, "Not an object.")
            value = None
        return FieldReader(value or {}, self._problems, f"{self._prefix}{name}.")


def find_text_problem(value: object, *, longest: int) -> str | None:
    """Return what is wrong with a text that people are to see, or None."""
    if type(value) is not str or not 0 < len(value) <= longest:
        return f"Must be a text of 1 to {longest} characters."
    if any(unicodedata.category(character) in _UNSEEN for character in value):
        return "Has a control, bidirectional or invisible character."
    return None


def parse_number(value: object) -> Decimal | None:
    """Return a finite number, at most MAX_NUMBER and at least its negative, or None."""
    # NaN is not less than anything.
    if isinstance(value, int | float) and type(value) is not bool and abs(value) <= MAX_NUMBER:
        return Decimal(str(value))
    return None


def write_number(number: Decimal) -> int | float:
    """Return the number as JSON has it: an integer when it is whole."""
    return int(number) if number == number.to_integral_value() else float(number)


def parse_moment(value: object) -> datetime | None:
    """Return a date and time with an offset as UTC, of the years in YEARS, or None."""
    moment = value
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(moment, datetime) or moment.tzinfo is None or moment.year not in YEARS:
        return None
    return moment.astimezone(UTC)


def write_moment(moment: datetime) -> str:
    """Return the moment as RFC 3339 with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
