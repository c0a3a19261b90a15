"""Whatever definition is read is written in one form, from which the same is read again."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidPayloadError
from domain.rankings.definition_json import decode_definition, encode_definition

SLUGS = st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True)
TEXTS = st.text("abcäö 1_-", min_size=1, max_size=20)
PATHS = st.lists(TEXTS, min_size=1, max_size=8).map(lambda names: ".".join(("metadata", *names)))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-(2**53) + 1, 2**53 - 1)
RANGES = st.tuples(NUMBERS, NUMBERS).map(lambda pair: {"min": min(pair), "max": max(pair)})
SCALARS = NUMBERS | st.booleans() | st.text("ab\n€", max_size=9)
CONDITIONS = (
    SCALARS
    | RANGES
    | st.builds(lambda value: {"equals": value}, SCALARS)
    | st.builds(lambda value: {"min": value}, NUMBERS)
    | st.builds(lambda value: {"max": value}, NUMBERS)
    | st.builds(lambda value: {"present": value}, st.booleans())
)
SOURCES = st.sampled_from(["score", "1", 1]) | PATHS
DIRECTIONS = st.sampled_from(["asc", "desc"])
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1))  # noqa: DTZ001 - made aware
SPANS = (
    st.tuples(MOMENTS, MOMENTS)
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: [at.replace(tzinfo=UTC).isoformat() for at in sorted(pair)])
)
PERIODS = (
    st.sampled_from([{"kind": kind} for kind in ("none", "daily", "monthly", "yearly", "rolling")])
    | st.builds(
        lambda day: {"kind": "weekly", "startsOn": day}, st.sampled_from(["monday", "friday"])
    )
    | st.builds(lambda span: {"kind": "season", "start": span[0], "end": span[1]}, SPANS)
)


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"id": SLUGS}, optional=fields)


DOCUMENTS = _optional(
    title=TEXTS,
    actionTypes=st.lists(TEXTS, max_size=5, unique=True),
    where=st.dictionaries(PATHS, CONDITIONS, max_size=4),
    value=SOURCES,
    aggregate=st.sampled_from(["sum", "best", "latest"]),
    direction=DIRECTIONS,
    tieBreakers=st.lists(
        st.fixed_dictionaries({"value": SOURCES}, optional={"direction": DIRECTIONS}), max_size=4
    ),
    ties=st.sampled_from(["firstToReach", "competition", "dense"]),
    decimals=st.integers(0, 6),
    period=PERIODS,
    timeZone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    segment=st.none() | PATHS | SLUGS.map(lambda name: f"player.{name}"),
    multipliers=st.lists(
        st.builds(
            lambda span, factor: {"from": span[0], "until": span[1], "factor": factor / 1000},
            SPANS,
            st.integers(1, 1000_000),
        ),
        max_size=1,
    ),
    readers=st.sampled_from(["everyone", "players", "admins"]),
    keepPeriods=st.integers(0, 1000),
)


@given(DOCUMENTS)
def test_a_definition_is_read_again_from_its_one_form(document: dict[str, Any]) -> None:
    definition = decode_definition(document)
    written = encode_definition(definition)
    again = decode_definition(json.loads(json.dumps(written)))
    assert again == definition
    assert json.dumps(encode_definition(again)) == json.dumps(written)


def list_refused(document: dict[str, Any]) -> list[str]:
    """Return the paths that are refused; any other error fails the test."""
    try:
        decode_definition(document)
    except InvalidPayloadError as refused:
        return list((refused.details or {})["fields"])
    return []


@given(st.recursive(st.none() | SCALARS, lambda of: st.lists(of) | st.dictionaries(TEXTS, of)))
def test_any_value_of_any_field_is_read_or_refused(value: Any) -> None:
    for name in encode_definition(decode_definition({"id": "b"})):
        refused = list_refused({"id": "b", name: value})
        assert all(path.startswith(name) for path in refused)
