"""The hash chain: every kind of change is found, and the number of the entry named."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
import pytest

from domain.audit.hash_chain import (
    AuditEntry,
    ChainCheck,
    Head,
    Transition,
    chain_act,
    chain_batch,
    chain_seal,
    entry_hash,
    read_leaves,
)

BEGINNING = Head()
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANGED = "audit entry {} was changed or does not follow the one before it"
OTHERS = "the transitions of audit entry {} are not those that it stands for"
OF_ANOTHER = "audit entry {} speaks of another batch than its row"


def make_transition(number: int) -> Transition:
    user_id = str(UUID(int=5))
    outcome = ("applied", None, 10 * (number - 1), 10 * number, 1)
    return (number, str(uuid4()), user_id, 10, *outcome)


def make_entry(*numbers: int, head: Head) -> AuditEntry:
    return chain_batch(
        [make_transition(number) for number in numbers],
        batch_id=str(uuid4()),
        accepted_at=NOW,
        completed_at=NOW,
        head=head,
    )


@pytest.fixture
def chain() -> list[AuditEntry]:
    """Six entries of two transitions each."""
    entries: list[AuditEntry] = []
    head = Head()
    for number in range(6):
        entries.append(make_entry(2 * number, 2 * number + 1, head=head))
        head = Head(entries[-1].seq, entries[-1].hash)
    return entries


def breaks(entries: list[AuditEntry], after: Head = BEGINNING) -> list[str]:
    return list(ChainCheck(after).find_breaks(entries))


def test_an_untouched_chain_holds(chain: list[AuditEntry]) -> None:
    assert [entry.seq for entry in chain] == [1, 2, 3, 4, 5, 6]
    check = ChainCheck()
    assert list(check.find_breaks(chain)) == []
    assert (check.head, check.unreadable) == (Head(6, chain[-1].hash), [])


def test_a_part_of_the_chain_holds_after_the_entry_before_it(chain: list[AuditEntry]) -> None:
    assert breaks(chain[2:], Head(2, chain[1].hash)) == []


def test_no_entries_are_no_breaks() -> None:
    assert breaks([]) == []


def test_a_changed_number_is_named(chain: list[AuditEntry]) -> None:
    entry = chain[2].entry.replace('"transitions":2', '"transitions":3')
    assert entry != chain[2].entry
    chain[2] = replace(chain[2], entry=entry)
    assert breaks(chain) == [CHANGED.format(3), OTHERS.format(3)]


def test_a_changed_entry_with_a_new_hash_is_given_away_by_the_next(chain: list[AuditEntry]) -> None:
    entry = chain[2].entry.replace("2026", "2025")
    assert entry != chain[2].entry
    chain[2] = replace(chain[2], entry=entry, hash=entry_hash(chain[1].hash, entry))
    assert breaks(chain) == [CHANGED.format(4)]


def change_score(leaves: str) -> str:
    return leaves.replace(",10,", ",11,", 1)


def leave_one_out(leaves: str) -> str:
    return orjson.dumps(orjson.loads(leaves)[1:]).decode()


def swap(leaves: str) -> str:
    return orjson.dumps(orjson.loads(leaves)[::-1]).decode()


def double(leaves: str) -> str:
    return orjson.dumps(orjson.loads(leaves) * 2).decode()


@pytest.mark.parametrize("tamper", [change_score, leave_one_out, swap, double])
def test_changed_transitions_are_not_those_of_the_root(
    chain: list[AuditEntry], tamper: object
) -> None:
    assert callable(tamper)
    leaves = tamper(chain[2].leaves)
    assert leaves != chain[2].leaves
    chain[2] = replace(chain[2], leaves=leaves)
    check = ChainCheck()
    assert list(check.find_breaks(chain)) == [OTHERS.format(3)]
    assert check.unreadable == [3]


@pytest.mark.parametrize(
    "garbage",
    ["", "{", "{}", "7", "null", "[7]", "[[]]", "[[1,2,3]]", '["\\u0000"]', "[1", "not json"],
)
def test_what_is_no_list_of_transitions_is_not_read(chain: list[AuditEntry], garbage: str) -> None:
    assert read_leaves(garbage) is None
    chain[2] = replace(chain[2], leaves=garbage)
    assert breaks(chain) == [OTHERS.format(3)]


def test_a_transition_has_the_types_of_one() -> None:
    sound = list(make_transition(1))
    assert read_leaves(orjson.dumps([sound]).decode()) is not None
    for place in range(len(sound)):
        for wrong in (True, 1.5, [], {}):
            forged = [*sound[:place], wrong, *sound[place + 1 :]]
            assert read_leaves(orjson.dumps([forged]).decode()) is None
    assert read_leaves(orjson.dumps([[*sound[:4], "a\x00", *sound[5:]]]).decode()) is None


@pytest.mark.parametrize("garbage", ["", "{", "[]", "7", "null", '{"seq":3', "not json"])
def test_an_entry_that_is_no_entry_is_named_and_the_rest_is_looked_at(
    chain: list[AuditEntry], garbage: str
) -> None:
    chain[2] = replace(chain[2], entry=garbage)
    chain[4] = replace(chain[4], entry=chain[4].entry.replace("2026", "2025"))
    assert breaks(chain) == [
        CHANGED.format(3),
        OF_ANOTHER.format(3),
        OTHERS.format(3),
        CHANGED.format(5),
    ]


def test_deleted_entries_are_counted(chain: list[AuditEntry]) -> None:
    assert breaks(chain[:2] + chain[4:]) == ["audit entries 3 to 4 are missing"]
    assert breaks(chain[1:]) == ["audit entries 1 to 1 are missing"]


def test_two_swapped_entries_are_both_named(chain: list[AuditEntry]) -> None:
    third, fourth = chain[2], chain[3]
    chain[2], chain[3] = replace(fourth, seq=3), replace(third, seq=4)
    found = breaks(chain)
    assert {CHANGED.format(3), OF_ANOTHER.format(3), OF_ANOTHER.format(4)} <= set(found)


def test_an_inserted_entry_is_given_away_by_the_next(chain: list[AuditEntry]) -> None:
    forged = make_entry(99, head=Head(2, chain[1].hash))
    shifted = [replace(entry, seq=entry.seq + 1) for entry in chain[2:]]
    found = breaks([*chain[:2], forged, *shifted])
    assert found[0] == CHANGED.format(4)
    assert not [sentence for sentence in found if "entry 3" in sentence]


def test_a_row_that_names_another_batch_is_named(chain: list[AuditEntry]) -> None:
    chain[3] = replace(chain[3], batch_id=str(uuid4()))
    assert breaks(chain) == [OF_ANOTHER.format(4)]


def test_a_chain_whose_beginning_was_replaced_does_not_follow(chain: list[AuditEntry]) -> None:
    other = make_entry(1, head=Head(0, b"x" * 32))
    assert breaks([other, *chain[1:]])[0] == CHANGED.format(1)


def test_an_entry_is_canonical_and_short_whatever_the_batch(chain: list[AuditEntry]) -> None:
    entry = orjson.loads(chain[0].entry)
    assert list(entry) == sorted(entry)
    assert set(entry) == {"acceptedAt", "batchId", "completedAt", "root", "seq", "transitions"}
    large = make_entry(*range(500), head=Head())
    assert len(large.entry) < 300
    assert orjson.dumps(orjson.loads(large.leaves)).decode() == large.leaves


def test_an_entry_of_a_seal_continues_the_chain_and_cannot_be_passed_off_as_a_batch_s() -> None:
    first = chain_seal({"ranking": 1, "sha256": "aa"}, seal_id="seal-1", head=Head())
    second = chain_seal(
        {"ranking": 2, "sha256": "bb"}, seal_id="seal-2", head=Head(first.seq, first.hash)
    )
    assert breaks([first, second]) == []
    renamed = replace(second, batch_id="seal-3")
    assert breaks([first, renamed]) == [OF_ANOTHER.format(2)]
    filled = replace(second, leaves='[[1,"a","u",5,"applied",null,0,5,1]]')
    assert breaks([first, filled]) == [OTHERS.format(2)]


def test_an_entry_of_an_act_continues_the_chain_and_is_neither_a_batch_s_nor_a_seal_s() -> None:
    first = chain_seal({"ranking": 1, "sha256": "aa"}, seal_id="seal-1", head=Head())
    second = chain_act({"kind": "release"}, act_id="act-1", head=Head(first.seq, first.hash))
    assert breaks([first, second]) == []
    assert orjson.loads(second.entry) == {"actId": "act-1", "kind": "release", "seq": 2}
    assert breaks([first, replace(second, batch_id="act-2")]) == [OF_ANOTHER.format(2)]
    filled = replace(second, leaves='[[1,"a","u",5,"applied",null,0,5,1]]')
    assert breaks([first, filled]) == [OTHERS.format(2)]
    disguised = second.entry.replace("actId", "sealId")
    assert breaks([first, replace(second, entry=disguised)])[0] == CHANGED.format(2)
