"""Closing: each period is sealed once, whatever dies and however often it is done."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.audit.hash_chain import ChainCheck
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import DatabaseLockedError
from domain.moderation.deciding import Decision, decide_action
from domain.rankings.closing import closing
from domain.rankings.closing.closing import (
    announce,
    begin,
    close_changed,
    close_due,
    digest_revision,
    seal_begun,
    store_seal,
)
from domain.rankings.closing.sealing import RevisionRow, digest_rows, write_line
from domain.store.postgres.audit import iterate_entries
from domain.store.postgres.rankings.closing.revisions import iterate_revision
from domain.store.postgres.rankings.closing.seals import list_begun
from domain.store.redis import keys
from domain.store.store import Store
from tests.factories import make_action, make_policy
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    read_rewards,
    read_seals,
    write_row,
)
from tests.pipeline import complete_actions, finish_batch
from tests.waiting import run_in_threads
from workers.context import WorkerContext

GOLD = {"rewards": [{"ranks": [1, 1], "reward": "gold"}]}


def read_revision(
    store: Store, ranking_no: int, revision: int, **options: Any
) -> list[RevisionRow]:
    with store.write() as connection:
        return list(iterate_revision(connection, ranking_no, revision, **options))


def list_said(store: Store) -> list[dict[str, Any]]:
    """Return what the audit log says, after checking that it is whole."""
    with store.write() as connection:
        entries = list(iterate_entries(connection))
    assert list(ChainCheck().find_breaks(entries)) == []
    return [orjson.loads(entry.entry) for entry in entries]


def change_late(store: Store, ranking_no: int, user_id: UUID, value: int | None) -> None:
    """Change a row of a sealed ranking, and close what is due without the pause."""
    write_row(store, ranking_no, user_id, value)
    list(close_changed(store, pause_seconds=0))


def test_a_period_that_is_over_is_sealed_once_with_its_order_in_the_audit_log(
    store: Store,
) -> None:
    ranking = make_ranking(store, make_board(store))
    players = add_rows(store, ranking, [5, 9, 7])
    (closed,) = close_due(store)
    assert list(close_due(store)) == []
    assert read_seals(store) == [(ranking, 1, 3)]
    rows = read_revision(store, ranking, 1)
    assert [row.user_id for row in rows] == [players[1], players[2], players[0]]
    lines = [[str(row.user_id), row.value, [], row.reached_seq] for row in rows]
    written = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    assert closed.seal.digest.sha256 == hashlib.sha256(written).digest()
    (said,) = list_said(store)
    assert (said["board"], said["boardVersion"], said["period"]) == ("speedrun", 1, "2026-11-25")
    assert (said["ranking"], said["revision"], said["rows"]) == (ranking, 1, 3)
    assert said["sha256"] == hashlib.sha256(written).hexdigest()


def test_what_is_running_retired_archived_or_endless_is_not_sealed(store: Store) -> None:
    retired = make_board(store)
    make_ranking(store, retired)
    live = make_board(store)
    make_ranking(store, live, end=datetime.now(UTC) + timedelta(hours=1))
    make_ranking(store, make_board(store, id="gone"))
    with store.write() as connection:
        connection.execute(text("UPDATE boards SET state = 'archived' WHERE board_id = 'gone'"))
        connection.execute(
            text(
                "INSERT INTO rankings (version_no, period_key, segment) VALUES (:live, 'all', '')"
            ),
            {"live": live},
        )
    assert list(close_due(store)) == []


def test_the_oldest_period_is_sealed_first_and_an_empty_ranking_too(store: Store) -> None:
    version = make_board(store)
    now = datetime.now(UTC)
    later = make_ranking(store, version, key="2026-11-25", end=now - timedelta(hours=1))
    first = make_ranking(store, version, key="2026-11-24", end=now - timedelta(hours=25))
    assert [closed.seal.ranking_no for closed in close_due(store)] == [first, later]
    assert [entry["period"] for entry in list_said(store)] == ["2026-11-24", "2026-11-25"]


def test_a_ranking_waits_for_what_was_accepted_in_its_period(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    (batch,) = accept_actions(store, actions=[make_action()], reply_to=None).batches
    ranking = make_ranking(store, make_board(store))
    (accepted,) = fetch(store, "SELECT created_at FROM action_batches")
    end = accepted.created_at + timedelta(microseconds=1)
    set_end(store, ranking, end - timedelta(seconds=100), accepted_at=end - timedelta(seconds=101))
    assert list(close_due(store)) == []
    assert begin(store, ranking_nos=[ranking]) == []
    finish_batch(worker_context, batch.batch_id)
    assert [closed.seal.ranking_no for closed in close_due(store)] == [ranking]


def test_a_batch_that_was_accepted_after_the_period_holds_nothing_up(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    accept_actions(store, actions=[make_action()], reply_to=None)
    ranking = make_ranking(store, make_board(store))
    assert [closed.seal.ranking_no for closed in close_due(store)] == [ranking]


def set_end(store: Store, ranking: int, end: datetime, *, accepted_at: datetime) -> None:
    """Move a period's end and every batch's intake into the past."""
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET period_end = :end WHERE ranking_no = :ranking"),
            {"end": end, "ranking": ranking},
        )
        connection.execute(text("UPDATE action_batches SET created_at = :at"), {"at": accepted_at})


def test_a_ranking_waits_for_writes_that_began_in_its_period_for_a_while(store: Store) -> None:
    ranking = make_ranking(store, make_board(store))
    with store.write() as intake:
        intake.execute(text("INSERT INTO heartbeats VALUES ('intake', now())"))
        now = datetime.now(UTC)
        set_end(store, ranking, now, accepted_at=now)
        with store.write() as connection:
            connection.execute(text("SELECT pg_sleep(2.1)"))
        assert list(close_due(store)) == []
        set_end(store, ranking, now - timedelta(seconds=61), accepted_at=now)
        assert begin(store, ranking_nos=[ranking]) == [ranking]


def test_a_scoring_transaction_under_way_is_waited_for(store: Store) -> None:
    ranking = make_ranking(store, make_board(store))
    with store.write() as scoring:
        scoring.execute(text("SELECT pg_advisory_xact_lock_shared(19521, 6)"))
        with pytest.raises(DatabaseLockedError):
            begin(store, ranking_nos=[ranking])
    assert begin(store, ranking_nos=[ranking]) == [ranking]


def test_who_dies_between_the_steps_is_followed_by_one_who_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranking = make_ranking(store, make_board(store, **GOLD))
    winner, _ = add_rows(store, ranking, [9, 5])
    assert begin(store, ranking_nos=[ranking]) == [ranking]
    assert begin(store, ranking_nos=[ranking]) == []

    def insert_and_die(*args: Any, **arguments: Any) -> None:
        insert_entry(*args, **arguments)
        raise KeyboardInterrupt

    insert_entry = closing.insert_entry
    with monkeypatch.context() as patch:
        patch.setattr(closing, "insert_entry", insert_and_die)
        with pytest.raises(KeyboardInterrupt):
            list(seal_begun(store, ranking_nos=[ranking]))
    assert (read_seals(store), read_rewards(store), list_said(store)) == ([], [], [])
    write_row(store, ranking, winner, 1)
    (closed,) = close_due(store)
    assert closed.winners == [(winner, 1, "gold")]
    assert read_rewards(store) == [(winner, 1, "gold")]
    assert len(list_said(store)) == 1


def test_many_closers_at_once_store_one_seal_and_grant_once(store: Store) -> None:
    version = make_board(store, **GOLD)
    rankings = [make_ranking(store, version, segment=name) for name in "abcd"]
    winners = [add_rows(store, ranking, [9, 5])[0] for ranking in rankings]
    stored: list[int] = []

    def work() -> None:
        for closed in close_due(store):
            stored.append(closed.seal.ranking_no)

    run_in_threads(work, count=6)
    assert sorted(stored) == rankings
    assert read_seals(store) == [(ranking, 1, 2) for ranking in rankings]
    assert {user_id for user_id, _, _ in read_rewards(store)} == set(winners)
    assert len(list_said(store)) == len(read_rewards(store)) == 4


def test_two_who_store_the_same_seal_store_it_once(store: Store) -> None:
    ranking = make_ranking(store, make_board(store, **GOLD))
    add_rows(store, ranking, [9])
    begin(store, ranking_nos=[ranking])
    with store.write() as connection:
        (begun,) = list_begun(connection, ranking_nos=[ranking])
    digest = digest_revision(store, begun=begun)
    assert store_seal(store, begun=begun, digest=digest) is not None
    assert store_seal(store, begun=begun, digest=digest) is None
    assert len(read_rewards(store)) == len(list_said(store)) == 1


def test_late_decisions_append_revisions_and_change_none(store: Store) -> None:
    ranking = make_ranking(store, make_board(store, **GOLD))
    ann, bob, eve = add_rows(store, ranking, [9, 7, 5])
    list(close_due(store))
    before = read_revision(store, ranking, 1)
    assert list(close_changed(store, pause_seconds=0)) == []
    change_late(store, ranking, eve, 20)
    new = add_rows(store, ranking, [8])[0]
    write_row(store, ranking, ann, None)
    change_late(store, ranking, eve, 21)
    write_row(store, ranking, ann, 3)
    assert read_seals(store) == [(ranking, 1, 3), (ranking, 2, 3), (ranking, 3, 3)]
    assert read_revision(store, ranking, 1) == before
    shown = [
        [(row.user_id, row.value) for row in read_revision(store, ranking, revision)]
        for revision in (1, 2, 3)
    ]
    assert shown == [
        [(ann, 9), (bob, 7), (eve, 5)],
        [(eve, 20), (ann, 9), (bob, 7)],
        [(eve, 21), (new, 8), (bob, 7)],
    ]
    assert read_rewards(store) == [(ann, 1, "gold")]
    assert [entry["revision"] for entry in list_said(store)] == [1, 2, 3]


def test_a_further_revision_waits_for_its_pause(store: Store) -> None:
    ranking = make_ranking(store, make_board(store))
    (ann,) = add_rows(store, ranking, [9])
    list(close_due(store))
    write_row(store, ranking, ann, 10)
    assert list(close_changed(store)) == []
    assert len(list(close_changed(store, pause_seconds=0))) == 1
    assert list(close_due(store)) == []


def test_a_revision_is_read_in_chunks_and_from_any_place(store: Store) -> None:
    ranking = make_ranking(store, make_board(store))
    players = add_rows(store, ranking, range(20, 0, -1))
    begin(store, ranking_nos=[ranking])
    for player in players[::3]:
        write_row(store, ranking, player, 100)
    rows = read_revision(store, ranking, 1, chunk=3)
    assert [row.user_id for row in rows] == players
    after = (rows[6].sort_key, rows[6].user_id)
    assert read_revision(store, ranking, 1, chunk=3, after=after) == rows[7:]


def test_one_ranking_that_fails_does_not_keep_the_others_open(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = make_board(store)
    bad, good = (make_ranking(store, version, segment=name) for name in "ab")
    digest = closing.digest_revision

    def fail(store: Store, *, begun: Any) -> Any:
        if begun.ranking_no == bad:
            raise ValueError("poison")
        return digest(store, begun=begun)

    monkeypatch.setattr(closing, "digest_revision", fail)
    assert [closed.seal.ranking_no for closed in close_due(store)] == [good]


def test_listeners_of_the_board_are_told(store: Store) -> None:
    ranking = make_ranking(store, make_board(store, **GOLD))
    winner, _ = add_rows(store, ranking, [9, 5])
    bus = store.redis.subscribe(keys.rankings_channel())
    assert bus.get_message(timeout=1)["type"] == "subscribe"
    (closed,) = close_due(store)
    assert announce(store, closed=closed, now=datetime(2026, 11, 26, 12, tzinfo=UTC))
    said = orjson.loads(bus.get_message(timeout=1)["data"])
    bus.close()
    assert datetime.fromisoformat(said.pop("closedAt")) == closed.seal.sealed_at
    assert said == {
        "kind": "period_closed",
        "board": "speedrun",
        "period": "2026-11-25",
        "segment": "",
        "revision": 1,
        "rows": 2,
        "nextPeriod": "2026-11-26",
        "rewards": [{"userId": str(winner), "rank": 1, "reward": "gold"}],
    }


def test_a_line_is_these_bytes() -> None:
    row = RevisionRow(
        UUID("00000000-0000-4000-8000-00000000000A"),
        -5,
        (1, 2**53),
        7,
        b"",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert write_line(row) == (
        b'["00000000-0000-4000-8000-00000000000a",-5,[1,9007199254740992],7]\n'
    )


def test_a_held_action_that_is_released_after_the_close_makes_a_revision(
    worker_context: WorkerContext,
) -> None:
    """Through the pipeline: the first revision keeps its bytes, its hash and its rewards."""
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    make_board(store, **GOLD)
    strict = replace(worker_context, policy=make_policy(suspicious_score_threshold=99))
    ann, bob = uuid4(), uuid4()
    held = make_action(user_id=bob, score=100)
    complete_actions(strict, [make_action(user_id=ann, score=50), held])
    with store.write() as connection:
        connection.execute(
            text("UPDATE rankings SET period_end = clock_timestamp() - interval '90 seconds'")
        )
    (first,) = close_due(store)
    before = read_revision(store, first.seal.ranking_no, 1)
    released = decide_action(
        store,
        action_id=held.action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="seen",
        now=datetime.now(UTC),
    )
    assert released.batch_id is not None
    finish_batch(strict, released.batch_id)
    (second,) = close_changed(store, pause_seconds=0)
    assert [row.value for row in read_revision(store, first.seal.ranking_no, 2)] == [100, 50]
    assert read_revision(store, first.seal.ranking_no, 1) == before
    assert digest_rows(before) == first.seal.digest != second.seal.digest
    assert read_rewards(store) == [(ann, 1, "gold")]
