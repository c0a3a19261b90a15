"""The hash chain: every kind of change is found, and the number of the entry named."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
import pytest

from domain.audit.hash_chain import (
    GENESIS,
    AuditEntry,
    Transition,
    chain_transitions,
    entry_hash,
    find_breaks,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def make_transition(number: int) -> Transition:
    return Transition(
        action_id=str(uuid4()),
        action_version=1,
        action_no=number,
        user_id=str(UUID(int=5)),
        status="applied",
        reason=None,
        score=10,
        previous_score=10 * (number - 1),
        new_score=10 * number,
        accepted_at=NOW,
        completed_at=NOW,
    )


@pytest.fixture
def chain() -> list[AuditEntry]:
    """Six entries, appended by two batches."""
    first = chain_transitions(
        [make_transition(number) for number in (1, 2, 3)], head_seq=0, head_hash=GENESIS
    )
    second = chain_transitions(
        [make_transition(number) for number in (4, 5, 6)], head_seq=3, head_hash=first[-1].hash
    )
    return first + second


def breaks(entries: list[AuditEntry]) -> list[str]:
    return list(find_breaks(entries, after_seq=0, after_hash=GENESIS))


def test_an_untouched_chain_holds(chain: list[AuditEntry]) -> None:
    assert [entry.seq for entry in chain] == [1, 2, 3, 4, 5, 6]
    assert breaks(chain) == []


def test_a_part_of_the_chain_holds_after_the_entry_before_it(chain: list[AuditEntry]) -> None:
    assert list(find_breaks(chain[2:], after_seq=2, after_hash=chain[1].hash)) == []


def test_no_entries_are_no_breaks() -> None:
    assert breaks([]) == []
    assert chain_transitions([], head_seq=4, head_hash=GENESIS) == []


def test_a_changed_number_is_named(chain: list[AuditEntry]) -> None:
    entry = chain[2].entry.replace('"newScore":30', '"newScore":99')
    assert entry != chain[2].entry
    chain[2] = replace(chain[2], entry=entry)
    assert breaks(chain) == ["audit entry 3 was changed or does not follow the one before it"]


def test_a_changed_entry_with_a_new_hash_is_given_away_by_the_next(chain: list[AuditEntry]) -> None:
    entry = chain[2].entry.replace('"newScore":30', '"newScore":99')
    chain[2] = replace(chain[2], entry=entry, hash=entry_hash(chain[1].hash, entry))
    assert breaks(chain) == ["audit entry 4 was changed or does not follow the one before it"]


@pytest.mark.parametrize("garbage", ["", "{", "[]", "7", "null", '{"seq":3', "not json"])
def test_an_entry_that_is_no_entry_is_named_and_the_rest_is_looked_at(
    chain: list[AuditEntry], garbage: str
) -> None:
    chain[2] = replace(chain[2], entry=garbage)
    entry = chain[4].entry.replace('"score":10', '"score":11')
    chain[4] = replace(chain[4], entry=entry)
    assert breaks(chain) == [
        "audit entry 3 was changed or does not follow the one before it",
        "audit entry 3 speaks of another action than its row",
        "audit entry 5 was changed or does not follow the one before it",
    ]


def test_deleted_entries_are_counted(chain: list[AuditEntry]) -> None:
    assert breaks(chain[:2] + chain[4:]) == ["audit entries 3 to 4 are missing"]
    assert breaks(chain[1:]) == ["audit entries 1 to 1 are missing"]


def test_two_swapped_entries_are_both_named(chain: list[AuditEntry]) -> None:
    third, fourth = chain[2], chain[3]
    chain[2], chain[3] = replace(fourth, seq=3), replace(third, seq=4)
    found = breaks(chain)
    assert "audit entry 3 was changed or does not follow the one before it" in found
    assert "audit entry 4 was changed or does not follow the one before it" in found
    assert "audit entry 3 speaks of another action than its row" in found


def test_an_inserted_entry_is_given_away_by_the_next(chain: list[AuditEntry]) -> None:
    forged = chain_transitions([make_transition(9)], head_seq=2, head_hash=chain[1].hash)[0]
    shifted = [replace(entry, seq=entry.seq + 1) for entry in chain[2:]]
    found = breaks([*chain[:2], forged, *shifted])
    assert found[0] == "audit entry 4 was changed or does not follow the one before it"
    assert not [sentence for sentence in found if "entry 3" in sentence]


def test_a_row_that_names_another_action_is_named(chain: list[AuditEntry]) -> None:
    chain[3] = replace(chain[3], action_id=str(uuid4()))
    assert breaks(chain) == ["audit entry 4 speaks of another action than its row"]
    chain[3] = replace(chain[3], action_id=orjson.loads(chain[3].entry)["actionId"])
    chain[3] = replace(chain[3], action_version=2)
    assert breaks(chain) == ["audit entry 4 speaks of another action than its row"]


def test_a_chain_whose_beginning_was_replaced_does_not_follow(chain: list[AuditEntry]) -> None:
    other = chain_transitions([make_transition(1)], head_seq=0, head_hash=b"x" * 32)
    assert breaks([other[0], *chain[1:]])[0] == (
        "audit entry 1 was changed or does not follow the one before it"
    )


def test_an_entry_holds_ids_numbers_and_reasons_in_a_fixed_order(chain: list[AuditEntry]) -> None:
    entry = orjson.loads(chain[0].entry)
    assert list(entry) == sorted(entry)
    assert set(entry) == {
        "acceptedAt",
        "actionId",
        "actionNo",
        "completedAt",
        "newScore",
        "previousScore",
        "reason",
        "score",
        "seq",
        "status",
        "userId",
        "version",
    }
