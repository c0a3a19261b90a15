"""Inclusion proofs: one transition of a batch is shown to be in its entry, and no other is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.audit.hash_chain import AuditEntry, Head, chain_batch
from domain.audit.proofs import find_flaw, make_proof

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PREVIOUS = b"p" * 32
IDS = [str(UUID(int=number)) for number in range(1, 8)]


@pytest.fixture
def entry() -> AuditEntry:
    return chain_batch(
        [
            (number, action_id, str(UUID(int=99)), 10, "applied", None, 0, 10, 1)
            for number, action_id in enumerate(IDS)
        ],
        batch_id=str(UUID(int=50)),
        accepted_at=NOW,
        completed_at=NOW,
        head=Head(4, PREVIOUS),
    )


def prove(entry: AuditEntry, action_id: str) -> dict[str, Any]:
    proof = make_proof(entry, action_id=action_id, previous=PREVIOUS, head=Head(9, b"h" * 32))
    assert proof is not None
    copied: dict[str, Any] = orjson.loads(orjson.dumps(proof))
    return copied


@pytest.mark.parametrize("action_id", IDS)
def test_every_transition_of_an_entry_has_a_proof_that_shows_no_other(
    entry: AuditEntry, action_id: str
) -> None:
    proof = prove(entry, action_id)
    assert find_flaw(proof) is None
    assert (proof["seq"], proof["hash"]) == (5, entry.hash.hex())
    text = orjson.dumps(proof).decode()
    assert [other for other in IDS if other in text] == [action_id]


def test_an_action_that_the_entry_does_not_have_has_no_proof(entry: AuditEntry) -> None:
    assert make_proof(entry, action_id=str(UUID(int=8)), previous=PREVIOUS, head=Head()) is None


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"actionId": IDS[3]}, "holds the transition of another action"),
        ({"root": "ab" * 32}, "holds another entry than it names"),
        ({"seq": 6}, "holds another entry than it names"),
        ({"hash": "ab" * 32}, "holds an entry that does not have its hash"),
        ({"previousHash": "ab" * 32}, "holds an entry that does not have its hash"),
        ({"index": 0}, "holds a transition that is not in its entry"),
        ({"path": []}, "holds a transition that is not in its entry"),
        (
            {"leaf": [2, IDS[2], str(UUID(int=99)), 10, "applied", None, 0, 11, 1]},
            "holds a transition that is not in its entry",
        ),
        ({"entry": "{}"}, "is not a proof"),
        ({"entry": None}, "is not a proof"),
        ({"path": ["xy"]}, "is not a proof"),
        ({"path": 7}, "is not a proof"),
        ({"leaf": None}, "is not a proof"),
        ({"index": "2"}, "is not a proof"),
        ({"previousHash": 1}, "is not a proof"),
    ],
)
def test_a_changed_proof_does_not_hold(
    entry: AuditEntry, change: dict[str, Any], flaw: str
) -> None:
    assert find_flaw({**prove(entry, IDS[2]), **change}) == flaw


@pytest.mark.parametrize("garbage", [None, [], "text", 7, {}])
def test_what_is_no_proof_is_told_so(garbage: Any) -> None:
    assert find_flaw(garbage) == "is not a proof"
