"""The check after every arm must detect each way in which an action can go wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg2
import pytest
from sqlalchemy import text

from bench.sent_log import SentLog, Verdict, open_sent_log
from domain.actions.model import Status
from domain.store.store import Store
from tests.conftest import Stores
from tests.factories import Player, make_action, make_player, make_stored_action
from tests.intakes import accept


@pytest.fixture
def sent_log(store: Store, stores: Stores) -> Iterator[SentLog]:
    """A sent log next to empty tables; its own tables are dropped at the end."""
    with open_sent_log(stores.database_url) as opened:
        yield opened
    connection = psycopg2.connect(stores.database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA bench CASCADE")
    connection.close()


@pytest.fixture
def player(store: Store) -> Player:
    return make_player(store)


def apply(store: Store, player: Player, score: int = 100) -> UUID:
    """Store an applied action and count it, as the pipeline does."""
    action_id = make_stored_action(store, player, at=datetime.now(UTC), score_delta=score)
    count_action(store, player)
    return action_id


def count_action(store: Store, player: Player) -> None:
    with store.write() as connection:
        connection.execute(
            text("UPDATE user_scores SET total_actions = total_actions + 1 WHERE user_id = :id"),
            {"id": player.user_id},
        )


def judge(sent_log: SentLog, path: Path, *sent: tuple[UUID, Player, int, int]) -> Verdict:
    """Return the verdict on actions that were sent: id, player, score, status."""
    lines = [f"{sid}\t{player.user_id}\t{score}\t{status}\n" for sid, player, score, status in sent]
    (path / "sent.tsv").write_text("".join(lines))
    return sent_log.judge(path / "sent.tsv")


def test_an_applied_action_holds(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    verdict = judge(sent_log, tmp_path, (apply(store, player), player, 100, 200))
    assert verdict.holds
    assert (verdict.acknowledged, verdict.applied) == (1, 1)


def test_a_second_arm_is_judged_alone_and_the_scores_over_both(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    judge(sent_log, tmp_path, (apply(store, player), player, 100, 200))
    verdict = judge(sent_log, tmp_path, (apply(store, player, 50), player, 50, 202))
    assert verdict.holds
    assert verdict.acknowledged == 1


def test_an_acknowledged_action_without_a_row_is_lost(
    sent_log: SentLog, player: Player, tmp_path: Path
) -> None:
    verdict = judge(sent_log, tmp_path, (uuid4(), player, 100, 202))
    assert (verdict.lost, verdict.holds) == (1, False)


def test_an_acknowledged_action_that_is_still_pending_is_lost(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    action_id = make_stored_action(
        store, player, at=datetime.now(UTC), status=Status.PENDING, score_delta=100
    )
    assert judge(sent_log, tmp_path, (action_id, player, 100, 200)).lost == 1


def test_a_score_that_was_added_twice_is_wrong(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    action_id = apply(store, player)
    with store.write() as connection:
        connection.execute(text("UPDATE user_scores SET score = score * 2"))
    verdict = judge(sent_log, tmp_path, (action_id, player, 100, 200))
    assert (verdict.wrong_scores, verdict.holds) == (1, False)


def test_an_action_that_was_not_sent_makes_a_wrong_score(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    apply(store, player)
    assert judge(sent_log, tmp_path).wrong_scores == 1


def test_a_refused_action_that_was_kept_is_named(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    verdict = judge(sent_log, tmp_path, (apply(store, player), player, 100, 429))
    assert (verdict.refused_but_kept, verdict.holds) == (1, False)


def test_an_action_with_another_score_is_named(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    verdict = judge(sent_log, tmp_path, (apply(store, player), player, 99, 200))
    assert (verdict.changed, verdict.holds) == (1, False)


def test_an_action_that_is_there_twice_is_named(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    action_id = apply(store, player)
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO user_actions SELECT (jsonb_populate_record(a, jsonb_build_object("
                "'created_at', a.created_at + interval '1 microsecond'))).* FROM user_actions a"
            )
        )
    verdict = judge(sent_log, tmp_path, (action_id, player, 100, 200))
    assert (verdict.doubled, verdict.holds) == (1, False)


def test_an_action_without_an_answer_may_be_applied_or_not(
    sent_log: SentLog, store: Store, player: Player, tmp_path: Path
) -> None:
    sent = [(apply(store, player), player, 100, 0), (uuid4(), player, 100, 503)]
    verdict = judge(sent_log, tmp_path, *sent)
    assert verdict.holds
    assert verdict.unknown == 2


def test_it_waits_for_unfinished_batches(
    sent_log: SentLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.sent_log.DRAIN_SECONDS", 0.2)
    assert sent_log.wait_until_drained() is not None
    accept(store, [make_action()])
    assert sent_log.wait_until_drained() is None
