"""What differs between two definitions of a board, and what becomes of its versions for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.boards.model import BoardId
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import encode_definition

IN_PLACE_FIELDS = frozenset({"title", "rewards", "readers", "keepPeriods"})
"""No row of a ranking depends on them."""


class ChangeKind(StrEnum):
    """What a change does to a board."""

    CREATE = "create"
    UNCHANGED = "unchanged"
    IN_PLACE = "in place"
    """The versions stay, with another definition."""
    RESCORE = "re-score"
    """A new version is built beside the live one."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one board, and the fields that differ."""

    board: BoardId
    kind: ChangeKind
    fields: tuple[str, ...] = ()


def choose_change(
    new: BoardDefinition, *, live: BoardDefinition | None, building: BoardDefinition | None
) -> Change:
    """Return what the new definition does to a board with these versions.

    It is compared with the one that is being built, if there is one: that is what the board is to
    be. Back at the live one there is nothing to build.
    """
    target = building or live
    if target is None:
        return Change(new.id, ChangeKind.CREATE)
    fields = list_changed_fields(target, new)
    if not fields:
        return Change(new.id, ChangeKind.UNCHANGED)
    versions = [version for version in (live, building) if version is not None]
    is_in_place = any(is_changed_in_place(version, new) for version in versions)
    return Change(new.id, ChangeKind.IN_PLACE if is_in_place else ChangeKind.RESCORE, fields)


def list_changed_fields(old: BoardDefinition, new: BoardDefinition) -> tuple[str, ...]:
    """Return the names of the fields that differ, in their order."""
    before, after = encode_definition(old), encode_definition(new)
    # As text: 1 and true are equal here, and not in metadata.
    return tuple(
        name for name, value in after.items() if json.dumps(value) != json.dumps(before[name])
    )


def is_changed_in_place(old: BoardDefinition, new: BoardDefinition) -> bool:
    """Return whether no row depends on what differs."""
    return IN_PLACE_FIELDS.issuperset(list_changed_fields(old, new))


def change_in_place(old: BoardDefinition, new: BoardDefinition) -> BoardDefinition:
    """Return the old definition with those fields of the new one that no row depends on."""
    return replace(
        old,
        title=new.title,
        rewards=new.rewards,
        readers=new.readers,
        keep_periods=new.keep_periods,
    )


def merge_patch(document: Any, patch: Any) -> Any:
    """Return the document with a JSON merge patch (RFC 7396) applied; neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
