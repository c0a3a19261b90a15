"""Verification of the audit trail and of the board: every kind of tampering is named."""

from uuid import UUID, uuid4

import pytest

from domain.actions.model import NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.verification import change, find_broken, make_history
from workers.context import WorkerContext


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the board: nothing repairs it here."""
    monkeypatch.setattr("domain.verification.board.PROMISED_SECONDS", 0.2)


@pytest.fixture
def actions(worker_context: WorkerContext) -> list[NewAction]:
    return make_history(worker_context)


def test_a_tampered_score_names_the_user_in_sum_and_board(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    ada = actions[0].user_id
    change(store, "UPDATE user_scores SET score = 999 WHERE user_id = :ada", ada=ada)
    assert find_broken(store, settings) == {
        Invariant.CONSERVATION: (
            "all scores add up to 999, applied actions to 220 and archived totals to 0",
            f"user {ada} has the score 999, the actions add up to 220",
        ),
        Invariant.BOARD: (f"user {ada} has 220 on the board and the score 999",),
    }


def test_a_tampered_action_is_named_by_what_the_audit_log_says_of_it(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    action_id = actions[3].action_id
    change(
        store,
        "UPDATE user_actions SET reason = 'VELOCITY' WHERE action_id = :id",
        id=action_id,
    )
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (f"action {action_id} is not what audit entry 4 says of it",)
    }


@pytest.mark.parametrize(
    ("statement", "complaints"),
    [
        (
            "UPDATE audit_log SET entry = replace(entry, '150', '151') WHERE seq = 1",
            ("audit entry 1 was changed or does not follow the one before it",),
        ),
        ("DELETE FROM audit_log WHERE seq = 2", ("audit entries 2 to 2 are missing",)),
        (
            "DELETE FROM audit_log WHERE seq = 4",
            ("the chain ends with audit entry 3, its head says 4",),
        ),
        (
            "UPDATE audit_log SET seq = -seq WHERE seq IN (1, 2);"
            " UPDATE audit_log SET seq = seq + 3 WHERE seq < 0",
            (
                "audit entry 1 was changed or does not follow the one before it",
                "audit entry 1 speaks of another action than its row",
                "audit entry 2 was changed or does not follow the one before it",
                "audit entry 2 speaks of another action than its row",
                "audit entry 3 was changed or does not follow the one before it",
            ),
        ),
        (
            "INSERT INTO audit_log VALUES (5, :stranger, 1, '{}', '\\x00')",
            (
                "audit entry 5 was changed or does not follow the one before it",
                "audit entry 5 speaks of another action than its row",
                "the chain ends with audit entry 5, its head says 4",
            ),
        ),
    ],
)
def test_a_tampered_audit_log_is_named(
    store: Store,
    settings: Settings,
    actions: list[NewAction],
    statement: str,
    complaints: tuple[str, ...],
) -> None:
    parameters = {"stranger": UUID(int=7)} if ":stranger" in statement else {}
    change(store, statement, **parameters)
    found = find_broken(store, settings)[Invariant.AUDIT]
    assert found[: len(complaints)] == complaints


def test_a_final_action_without_an_audit_entry_is_named(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    action_id = actions[0].action_id
    change(store, "UPDATE user_actions SET version = 2 WHERE action_id = :id", id=action_id)
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (f"action {action_id} had 2 final transitions and has 1 audit entries",)
    }


def test_the_board_is_compared_in_members_scores_and_order(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    ada, bob = actions[0].user_id, actions[2].user_id
    stranger = f"{'0' * 19}:{uuid4()}"
    members = store.redis.run(lambda client: client.zrevrange(keys.board(GLOBAL_BOARD), 0, -1))
    store.redis.run(
        lambda client: client.zadd(
            keys.board(GLOBAL_BOARD), {members[0]: 230, stranger: 1, "nonsense": 2}
        )
    )
    rows = keys.board_rows(GLOBAL_BOARD)
    store.redis.run(lambda client: client.hdel(rows, str(bob)))
    # As many rows as members: otherwise the board would not be trusted, and not be compared.
    spare = {str(uuid4()): f"1|{members[0]}|1|spare" for _ in range(3)}
    store.redis.run(lambda client: client.hset(rows, mapping=spare))
    found = find_broken(store, settings)[Invariant.BOARD]
    assert set(found) == {
        f"user {ada} has 230 on the board and the score 220",
        f"user {bob} is not on the board",
        f"the board has a member {members[1]} that is no user's standing",
        f"the board has a member {stranger} that is no user's standing",
        "the board has a member nonsense that is no user's standing",
        f"the board has user {stranger[20:]}, who has no applied action",
    }


def test_a_flushed_board_is_not_trusted(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    store.redis.run(lambda client: client.flushdb())
    assert find_broken(store, settings) == {
        Invariant.BOARD: ("the board is not trusted: it was lost and has not been rebuilt",)
    }
