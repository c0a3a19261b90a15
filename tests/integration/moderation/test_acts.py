"""Acts: each is a row and an audit entry of one transaction, and verification compares both."""

from uuid import UUID, uuid4

import orjson
import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation.acts import record_act
from domain.moderation.model import ActKind
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.intakes import fetch
from tests.verification import change, find_broken

REASON = "seen twice with ada@example.org"


@pytest.fixture(autouse=True)
def board(store: Store) -> None:
    """The board is trusted, so that nothing else is found to be broken."""
    rebuild_board(store, board=GLOBAL_BOARD)


def act(store: Store, *, by: str = "operator:grace") -> UUID:
    with store.write() as connection:
        return record_act(
            connection,
            kind=ActKind.RELEASE,
            by=by,
            user_id=uuid4(),
            action_id=uuid4(),
            reason=REASON,
            details={"until": "2026-12-01", "after": 1.5, "before": None},
        )


def test_an_act_is_a_row_and_an_entry_without_its_text(store: Store, settings: Settings) -> None:
    act_id, other = act(store), act(store, by=str(uuid4()))
    (row,) = fetch(store, "SELECT * FROM moderation_acts WHERE act_id = :id", id=act_id)
    assert (row.kind, row.by, row.reason) == ("release", "operator:grace", REASON)
    (entry,) = fetch(store, "SELECT entry FROM audit_log WHERE batch_id = :id", id=act_id)
    text = entry.entry
    said = orjson.loads(text)
    assert said.keys() == {
        *("seq", "actId", "kind", "by", "userId", "actionId", "at"),
        *("operatorSha256", "reasonSha256", "detailsSha256"),
    }
    assert (said["actId"], said["userId"], said["by"]) == (
        str(act_id),
        str(row.user_id),
        "operator",
    )
    assert "grace" not in text
    assert "ada" not in text
    assert other != act_id
    assert find_broken(store, settings) == {}


def test_nothing_is_recorded_of_an_act_that_is_rolled_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        record_act(connection, kind=ActKind.CLOSE, by="operator:x", user_id=None, reason="no")
        _ = 1 // 0
    assert fetch(store, "SELECT 1 FROM moderation_acts") == []
    assert fetch(store, "SELECT 1 FROM audit_log") == []


@pytest.mark.parametrize(
    "column",
    [
        "reason = reason || '.'",
        "by = 'operator:mallory'",
        "kind = 'void'",
        "details = '{}'",
        "details = NULL",
        "action_id = NULL",
        "case_id = gen_random_uuid()",
        "at = at + interval '1 second'",
    ],
)
def test_a_changed_act_is_named(store: Store, settings: Settings, column: str) -> None:
    act_id = act(store)
    act(store)
    change(store, f"UPDATE moderation_acts SET {column} WHERE act_id = :id", id=act_id)
    (finding,) = find_broken(store, settings)[Invariant.AUDIT]
    assert finding.startswith(f"the act {act_id} (")
    assert finding.endswith("is not what the audit log says of it")


def test_an_act_without_an_entry_and_an_entry_without_an_act_are_named(
    store: Store, settings: Settings
) -> None:
    hidden, invented = act(store), uuid4()
    change(store, "DELETE FROM moderation_acts WHERE act_id = :id", id=hidden)
    change(
        store,
        "INSERT INTO moderation_acts (act_id, kind, by, reason) VALUES (:id, 'ban', 'x', 'y')",
        id=invented,
    )
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (
            f"the act {invented} (ban) is not in the audit log",
            "audit entry 1 is of an act that is not there",
        )
    }
