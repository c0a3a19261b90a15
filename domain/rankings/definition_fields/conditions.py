"""What a board's definition says of metadata, as JSON: paths, sources of numbers, conditions.

Used by `definition_json.py` and `parts.py`.
"""

from decimal import Decimal
from typing import Any

from domain.boards.model import is_slug
from domain.rankings.definition import ONE_VALUE, Condition, Segment, ValueSource
from domain.rankings.definition_fields.reader import (
    MAX_NUMBER,
    FieldReader,
    find_text_problem,
    parse_number,
    write_number,
)

# What an action's metadata may have itself: deeper or longer ones would match nothing.
MAX_PATH_NAMES = 8
MAX_PATH_NAME_CHARS = 64
MAX_CONDITIONS = 16
MAX_EQUALS_CHARS = 256


def find_path(text: str) -> tuple[str, ...] | None:
    """Return the names behind `metadata.`, or None when metadata can have no such path."""
    head, _, rest = text.partition(".")
    names = tuple(rest.split("."))
    if head != "metadata" or len(names) > MAX_PATH_NAMES:
        return None
    is_sound = not any(find_text_problem(name, longest=MAX_PATH_NAME_CHARS) for name in names)
    return names if is_sound else None


def read_source(reader: FieldReader, name: str, default: ValueSource) -> ValueSource:
    """Return where a number comes from."""
    value = reader.take(name)
    if value is None:
        return default
    if type(value) is int and value == 1:
        return ONE_VALUE
    if type(value) is str and (value in ("score", "1") or find_path(value)):
        return ValueSource(value)
    reader.refuse(name, "Must be score, 1, or metadata. and the path of a number.")
    return default


def read_segment(reader: FieldReader, name: str) -> Segment | None:
    """Return what splits the board, if anything does."""
    value = reader.take(name)
    if value is None:
        return None
    if type(value) is str and (path := find_path(value)):
        return Segment(path=path)
    if type(value) is str and value.startswith("player.") and is_slug(value[len("player.") :]):
        return Segment(attribute=value[len("player.") :])
    reader.refuse(name, "Must be metadata. and a path, or player. and the name of an attribute.")
    return None


def read_conditions(reader: FieldReader) -> tuple[Condition, ...]:
    """Return what the metadata of actions must have, by path."""
    names = reader.names
    if len(names) > MAX_CONDITIONS:
        reader.refuse(names[MAX_CONDITIONS], f"More than {MAX_CONDITIONS} conditions.")
        return ()
    return tuple(
        condition for name in sorted(names) if (condition := _read_condition(reader, name))
    )


def _read_condition(reader: FieldReader, name: str) -> Condition | None:
    value, path = reader.take(name), find_path(name)
    if path is None:
        reader.refuse(name, "Must be metadata. and a path.")
    elif type(value) is dict:
        return _read_form(reader.inner(name), path, reader, name)
    elif value is not None and _is_scalar(reader, name, value):
        return Condition(path, "equals", equals=_plain(value))
    return None


def _read_form(
    inner: FieldReader, path: tuple[str, ...], reader: FieldReader, name: str
) -> Condition | None:
    equals, present = inner.take("equals"), inner.take("present")
    minimum, maximum = _read_bound(inner, "min"), _read_bound(inner, "max")
    inner.refuse_unknown()
    is_range = any(inner.take(bound) is not None for bound in ("min", "max"))
    if (equals is not None) + (present is not None) + is_range != 1:
        reader.refuse(name, "Must have min or max or both, or equals, or present.")
    elif present is not None:
        return Condition(path, "present", present=inner.boolean("present"))
    elif equals is not None:
        is_sound = _is_scalar(inner, "equals", equals)
        return Condition(path, "equals", equals=_plain(equals)) if is_sound else None
    elif minimum is not None and maximum is not None and minimum > maximum:
        inner.refuse("max", "Must not be less than min.")
    else:
        return Condition(path, "range", minimum=minimum, maximum=maximum)
    return None


def _read_bound(reader: FieldReader, name: str) -> Decimal | None:
    value = reader.take(name)
    number = parse_number(value)
    if number is None and value is not None:
        reader.refuse(name, f"Must be a number from -{MAX_NUMBER} to {MAX_NUMBER}.")
    return number


def _is_scalar(reader: FieldReader, name: str, value: Any) -> bool:
    """Return whether the value may be compared with; note why not."""
    if type(value) is bool or parse_number(value) is not None:
        return True
    if type(value) is str and len(value) <= MAX_EQUALS_CHARS and "\x00" not in value:
        return True
    reader.refuse(name, f"Must be a text of at most {MAX_EQUALS_CHARS}, a number or a boolean.")
    return False


def _plain(value: Any) -> str | int | float | bool:
    """Return the value with a whole number as an integer, as the store returns it."""
    return int(value) if type(value) is float and value.is_integer() else value


def write_condition(condition: Condition) -> Any:
    """Return the condition in its one form as JSON."""
    if condition.kind == "equals":
        return condition.equals
    if condition.kind == "present":
        return {"present": condition.present}
    bounds = {"min": condition.minimum, "max": condition.maximum}
    return {name: write_number(bound) for name, bound in bounds.items() if bound is not None}


def write_path(path: tuple[str, ...]) -> str:
    """Return the path as the definition names it."""
    return ".".join(("metadata", *path))
