"""Lists reach PostgreSQL as they are, whatever stands in them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.store.store import Store

ODD_TEXTS = ["", " ", "NULL", "null", "a,b", "{}", '"', "\\", '\\"', "'", "''", "é\n\t", "💥", None]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "text"),
        (ODD_TEXTS, "text"),
        ([0, -1, 2**63 - 1, None], "bigint"),
        ([UUID(int=7), UUID(int=2**127)], "uuid"),
        ([datetime(2026, 11, 23, 12, 0, 0, 123456, UTC)], "timestamptz"),
        ([True, False], "boolean"),
        ([1.5, float("inf")], "float8"),
    ],
)
def test_what_goes_in_comes_out(store: Store, values: list[Any], kind: str) -> None:
    with store.write() as connection:
        found = connection.execute(
            text(f"SELECT v FROM unnest(CAST(:values AS {kind}[])) v"), {"values": values}
        )
        assert list(found.scalars()) == values


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_what_no_text_can_hold_is_refused_as_for_a_single_one(store: Store, bad: str) -> None:
    with store.write() as connection, pytest.raises(ValueError, match=r"NUL|surrogates"):
        connection.execute(text("SELECT CAST(:values AS text[])"), {"values": [bad]})


def test_a_list_is_one_literal(store: Store) -> None:
    with store.write() as connection:
        cursor = connection.connection.cursor()
        assert cursor.mogrify("%s", (["a", "b"],)) == b"""'{"a","b"}'"""
