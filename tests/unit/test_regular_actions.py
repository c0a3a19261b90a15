"""Reading an action without the schema's engine: it must agree with the schema on every input."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from domain.errors import InvalidPayloadError, MalformedJsonError
from web.http.json_body import MAX_DEPTH, parse_json
from web.schemas.actions import BatchElementSchema, CompleteActionSchema
from web.schemas.fields import MAX_SCORE
from web.schemas.regular import load_regular

ID = "550e8400-e29b-41d4-a716-446655440000"
COMPLETE, ELEMENT = CompleteActionSchema(), BatchElementSchema()

texts = st.text(max_size=5)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
ids = st.uuids().map(str) | st.sampled_from(
    [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"{ID} ", str(UUID(int=0)), "f" * 36]
)
times = st.datetimes(timezones=st.timezones()).map(str) | st.from_regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,10})?"
    r"([Zz]|[+-][0-2][0-9]:[0-6][0-9])?",
    fullmatch=True,
)
scores = (
    st.integers(-1, MAX_SCORE + 1)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)
metadata = st.dictionaries(
    texts | st.sampled_from(["actionType", "duration", "k" * 64, "k" * 65]), values, max_size=4
) | st.integers(48, 52).map(lambda count: {f"k{number}": number for number in range(count)})


def fields_of(name: str, usual: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a field with a usual value, with any other, or no field."""
    return (usual | usual | usual | values).map(lambda value: {name: value}) | st.just({})


bodies = st.tuples(
    fields_of("actionId", ids),
    fields_of("score", scores),
    fields_of("timestamp", times),
    fields_of("metadata", metadata),
    st.just({}) | fields_of("userId", ids) | st.dictionaries(texts, values, max_size=1),
).map(lambda parts: {name: value for part in parts for name, value in part.items()})


def judge(schema: Schema, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the schema makes of the body, None when it refuses it."""
    try:
        loaded: dict[str, Any] = schema.load(body)
    except ValidationError:
        return None
    return loaded


@given(bodies)
def test_what_is_read_without_the_schema_is_what_the_schema_reads(body: dict[str, Any]) -> None:
    for schema, names_player in ((COMPLETE, False), (ELEMENT, True)):
        loaded = load_regular(body, names_player=names_player)
        if loaded is not None:
            judged = judge(schema, body)
            assert loaded == judged
            assert [type(value) for _, value in sorted(loaded.items())] == [
                type(value) for _, value in sorted((judged or {}).items())
            ]


@pytest.mark.parametrize("more", [{}, {"metadata": {}}, {"metadata": {"a": [1], "duration": 0.5}}])
def test_the_regular_shape_is_read_without_the_schema(more: dict[str, Any]) -> None:
    body = {"actionId": ID, "score": 0, "timestamp": "2025-08-08T10:00:00.123+02:00", **more}
    assert load_regular(body) == judge(COMPLETE, body) is not None
    named = {**body, "userId": ID}
    assert load_regular(named, names_player=True) == judge(ELEMENT, named) is not None
    assert load_regular(named) is None


def depth_of(value: Any) -> int:
    """Return how many levels the value has; an empty container has its own only."""
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    return 1 + max(map(depth_of, inner), default=0)


def has_nul(value: Any) -> bool:
    """Return whether a string in the value, or a name, has a NUL."""
    return "\\u0000" in json.dumps(value).replace("\\\\", "")


deep = st.recursive(
    scalars | st.just("\x00") | st.just('\\"'),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=40,
)


@given(deep, st.integers(0, MAX_DEPTH + 1))
def test_a_body_is_read_unless_it_has_a_nul_or_is_too_deep(value: Any, wrappings: int) -> None:
    for _ in range(wrappings):
        value = [value]
    # A small text without spaces and escapes is read by a shorter way.
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for raw in (json.dumps(value).encode(), compact.encode()):
        if has_nul(value) or depth_of(value) > MAX_DEPTH + 1:
            with pytest.raises(InvalidPayloadError):
                parse_json(raw)
        else:
            # Unlike `==` it tells 1 from 1.0 and True.
            assert repr(parse_json(raw)) == repr(value)


@given(st.lists(st.tuples(texts, scalars), max_size=5), st.booleans())
def test_a_name_that_is_there_twice_is_refused(
    members: list[tuple[str, Any]], is_nested: bool
) -> None:
    names = [name for name, _ in members]
    pairs = ",".join(
        f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(value, ensure_ascii=False)}"
        for name, value in members
    )
    raw = f'{{"inner":[{{{pairs}}}]}}' if is_nested else f"{{{pairs}}}"
    if has_nul(dict(members)):
        return
    if len(set(names)) < len(names):
        with pytest.raises(MalformedJsonError):
            parse_json(raw.encode())
    else:
        parse_json(raw.encode())
