"""Verification of the audit trail and of the board: every kind of tampering is named."""

from datetime import UTC, datetime
from unittest.mock import ANY
from uuid import uuid4

import orjson
import pytest

from domain.actions.chain import REFRESH, SCORE, SCREEN
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.audit.hash_chain import Head, Transition, chain_batch
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.postgres.audit import insert_entry
from domain.store.redis import keys
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.factories import make_action
from tests.intakes import fetch
from tests.pipeline import complete_actions
from tests.verification import change, find_broken
from workers.chain import run_link
from workers.context import WorkerContext

pytestmark = pytest.mark.usefixtures("impatient")


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
    change(store, "DELETE FROM action_batches")
    change(
        store,
        "UPDATE user_actions SET reason = 'VELOCITY' WHERE action_id = :id",
        id=action_id,
    )
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (f"action {action_id} is not what audit entry 1 says of it",)
    }


CHANGED = "audit entry {} was changed or does not follow the one before it"
OF_ANOTHER = "audit entry {} speaks of another batch than its row"
OTHERS = "the transitions of audit entry {} are not those that it stands for"
UNRECORDED = "action {} had 1 final transitions and the audit log has 0"


@pytest.fixture
def singles(worker_context: WorkerContext) -> list[NewAction]:
    """Four actions, each in a batch and an audit entry of its own."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    actions = [make_action() for _ in range(4)]
    for action in actions:
        complete_actions(worker_context, [action])
    return actions


@pytest.mark.parametrize(
    ("statement", "complaints", "unrecorded"),
    [
        (
            "UPDATE audit_log SET entry = replace(entry, 'root', 'toor') WHERE seq = 1",
            (CHANGED.format(1), OTHERS.format(1)),
            (0,),
        ),
        (
            "UPDATE audit_log SET leaves = replace(leaves, '100', '101') WHERE seq = 2",
            (OTHERS.format(2),),
            (1,),
        ),
        ("UPDATE audit_log SET leaves = 'nonsense' WHERE seq = 4", (OTHERS.format(4),), (3,)),
        ("DELETE FROM audit_log WHERE seq = 2", ("audit entries 2 to 2 are missing",), (1,)),
        (
            "DELETE FROM audit_log WHERE seq = 4",
            ("the chain ends with audit entry 3, its head says 4",),
            (3,),
        ),
        (
            "UPDATE audit_log SET seq = -seq WHERE seq IN (1, 2);"
            " UPDATE audit_log SET seq = seq + 3 WHERE seq < 0",
            (
                CHANGED.format(1),
                OF_ANOTHER.format(1),
                CHANGED.format(2),
                OF_ANOTHER.format(2),
                CHANGED.format(3),
            ),
            (),
        ),
        (
            "INSERT INTO audit_log VALUES (5, gen_random_uuid(), '{}', '\\x00', '[]')",
            (
                CHANGED.format(5),
                OF_ANOTHER.format(5),
                OTHERS.format(5),
                "the chain ends with audit entry 5, its head says 4",
            ),
            (),
        ),
    ],
)
def test_a_tampered_audit_log_is_named(
    store: Store,
    settings: Settings,
    singles: list[NewAction],
    statement: str,
    complaints: tuple[str, ...],
    unrecorded: tuple[int, ...],
) -> None:
    change(store, statement)
    missed = tuple(UNRECORDED.format(singles[index].action_id) for index in unrecorded)
    assert find_broken(store, settings) == {Invariant.AUDIT: complaints + missed}


def rewrite(store: Store, *batches: list[Transition]) -> None:
    """Replace the log by one of which every hash is right."""
    change(store, "DELETE FROM audit_log")
    head = Head()
    for transitions in batches:
        entry = chain_batch(
            transitions,
            batch_id=str(uuid4()),
            accepted_at=datetime.now(UTC),
            completed_at=datetime.now(UTC),
            head=head,
        )
        with store.write() as connection:
            insert_entry(connection, entry=entry)
        head = Head(entry.seq, entry.hash)


def test_a_log_that_was_rewritten_with_sound_hashes_does_not_agree_with_the_actions(
    store: Store, settings: Settings, singles: list[NewAction]
) -> None:
    doubled, skipped, changed, absent = (action.action_id for action in singles)
    leaves: list[list[Transition]] = [
        orjson.loads(row.leaves)
        for row in fetch(store, "SELECT leaves FROM audit_log ORDER BY seq")
    ]
    (first,), (second,), (third,), _ = leaves
    stranger = uuid4()
    rewrite(
        store,
        [first],
        [first, (*second[:8], 2)],
        [(*third[:6], 5, 105, 1)],
        [(9, str(stranger), *first[2:])],
    )
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (
            f"action {doubled} had 1 final transitions and the audit log has 2",
            f"action {skipped} has the transitions [2] in the audit log",
            f"action {changed} is not what audit entry 3 says of it",
            UNRECORDED.format(absent),
            f"action {stranger} has audit entry 4 and was never accepted",
        )
    }


def test_a_final_action_without_an_audit_entry_is_named(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    action_id = actions[0].action_id
    change(store, "DELETE FROM action_batches")
    change(store, "UPDATE user_actions SET version = 2 WHERE action_id = :id", id=action_id)
    assert find_broken(store, settings) == {
        Invariant.AUDIT: (f"action {action_id} had 2 final transitions and the audit log has 1",)
    }


def test_a_transition_whose_batch_is_not_audited_yet_is_not_missed(
    worker_context: WorkerContext, settings: Settings
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    (batch,) = accept_actions(store, actions=[make_action()], reply_to=None).batches
    for link in (SCREEN, SCORE, REFRESH):
        run_link(worker_context, link=link, batch_id=batch.batch_id)
        assert find_broken(store, settings) in ({}, {Invariant.BOARD: ANY})
    change(store, "UPDATE action_batches SET stage = 'audited'")
    assert Invariant.AUDIT in find_broken(store, settings)


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
