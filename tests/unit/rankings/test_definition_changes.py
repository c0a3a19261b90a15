"""What a change of a definition does, and JSON merge patches."""

from dataclasses import replace
from typing import Any

import pytest

from domain.boards.model import BoardId
from domain.rankings.administration.changes import (
    ChangeKind,
    choose_change,
    list_changed_fields,
    merge_patch,
)
from domain.rankings.definition import (
    Aggregate,
    BoardDefinition,
    Condition,
    Readers,
    TieRule,
)

RUN = BoardDefinition(BoardId("run"))
TITLED = replace(RUN, title="Run", readers=Readers.ADMINS)
DENSE = replace(RUN, ties=TieRule.DENSE)
BEST = replace(DENSE, aggregate=Aggregate.BEST)


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("document", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_patch_is_merged_as_the_rfc_says(document: Any, patch: Any, merged: Any) -> None:
    assert merge_patch(document, patch) == merged


def test_a_patch_changes_neither_the_document_nor_itself() -> None:
    document, patch = {"a": {"b": 1}}, {"a": {"c": {"d": None}}}
    merge_patch(document, patch)["a"]["e"] = 1
    assert (document, patch) == ({"a": {"b": 1}}, {"a": {"c": {"d": None}}})


@pytest.mark.parametrize(
    ("live", "building", "new", "kind", "fields"),
    [
        (None, None, RUN, ChangeKind.CREATE, ()),
        (RUN, None, RUN, ChangeKind.UNCHANGED, ()),
        (RUN, None, TITLED, ChangeKind.IN_PLACE, ("title", "readers")),
        (RUN, None, DENSE, ChangeKind.RESCORE, ("ties",)),
        (RUN, DENSE, DENSE, ChangeKind.UNCHANGED, ()),
        (RUN, DENSE, replace(DENSE, title="x"), ChangeKind.IN_PLACE, ("title",)),
        (RUN, DENSE, BEST, ChangeKind.RESCORE, ("aggregate",)),
        (RUN, DENSE, RUN, ChangeKind.IN_PLACE, ("ties",)),
        (RUN, DENSE, TITLED, ChangeKind.IN_PLACE, ("title", "ties", "readers")),
        (None, DENSE, RUN, ChangeKind.RESCORE, ("ties",)),
        (None, DENSE, replace(DENSE, title="x"), ChangeKind.IN_PLACE, ("title",)),
    ],
)
def test_a_change_is_of_the_kind_that_its_fields_need(
    live: BoardDefinition | None,
    building: BoardDefinition | None,
    new: BoardDefinition,
    kind: ChangeKind,
    fields: tuple[str, ...],
) -> None:
    change = choose_change(new, live=live, building=building)
    assert (change.kind, change.fields) == (kind, fields)


def test_one_and_true_are_different_conditions() -> None:
    one = replace(RUN, where=(Condition(("x",), "equals", equals=1),))
    true = replace(RUN, where=(Condition(("x",), "equals", equals=True),))
    assert list_changed_fields(one, true) == ("where",)
