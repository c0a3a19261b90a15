"""The counts of the stores: what a record of the log means, and what Valkey's statistics say."""

import uuid

import psycopg2
import pytest

from bench.costs.valkey import commands_between, parse_commands
from bench.costs.wal import Writes, count_writes
from bench.floors.row_statement import Column, write_statement
from bench.floors.row_tables import count_written, make_row_tables, read_columns
from domain.store.store import Store
from tests.conftest import Stores
from tests.factories import make_player


def test_tuples_entries_locks_and_commits_are_told_apart() -> None:
    records = {
        "Heap/INSERT": 5,
        "Heap/INSERT+INIT": 1,
        "Heap/HOT_UPDATE": 3,
        "Heap/UPDATE": 2,
        "Heap/DELETE": 1,
        "Heap/LOCK": 4,
        "Heap2/PRUNE_ON_ACCESS": 7,
        "Btree/INSERT_LEAF": 9,
        "Btree/INSERT_POST": 1,
        "Btree/SPLIT_R": 1,
        "Btree/INSERT_UPPER": 1,
        "Btree/DEDUP": 1,
        "Transaction/COMMIT": 2,
        "Transaction/ABORT": 1,
    }
    assert count_writes(records) == Writes(heap_tuples=12, index_entries=11, row_locks=4, commits=2)


def test_commands_are_counted_without_our_own_and_messages_are_pushes() -> None:
    before = parse_commands({"cmdstat_get": {"calls": 3}, "cmdstat_info": {"calls": 1}})
    after = parse_commands(
        {
            "cmdstat_get": {"calls": 5},
            "cmdstat_lpush": {"calls": 4},
            "cmdstat_publish": {"calls": 6},
            "cmdstat_info": {"calls": 2},
        }
    )
    assert commands_between(before, after) == (12, 4)


def test_the_statement_of_final_rows_follows_the_columns() -> None:
    columns = [
        Column("action_id", "uuid", False),
        Column("not_known", "jsonb", False),
        Column("a_list", "ARRAY", False),
        Column("left_out", "text", True),
        Column("checks", "jsonb", True),
    ]
    batch = [
        Column("batch_id", "uuid", False),
        Column("seq", "bigint", False),
        Column("scores", "ARRAY", False),
    ]
    statement = write_statement({"action_ids": columns, "action_batches": batch})
    assert (
        'INSERT INTO floor.action_ids ("action_id", "not_known", "a_list")'
        " SELECT s.action_id, '{}', '{}' FROM sent s"
    ) in statement
    of_batch = "%(batch_id)s::uuid, %(last_no)s, (SELECT array_agg(s.score) FROM sent s)"
    assert f"SELECT {of_batch})" in statement
    required = write_statement({"action_ids": [*columns, Column("checks", "jsonb", False)]})
    assert '"checks"' in required
    assert '"checks"' not in statement


@pytest.mark.parametrize("players", [1, 3])
def test_final_rows_are_written_to_copies_of_the_products_tables(
    store: Store, stores: Stores, players: int
) -> None:
    stored = [make_player(store, score=50) for _ in range(players)]
    connection = psycopg2.connect(stores.database_url)
    connection.autocommit = True
    try:
        make_row_tables(connection)
        statement = write_statement(read_columns(connection))
        users = [str(player.user_id) for player in stored]
        parameters = {
            "ids": "{" + ",".join(str(uuid.uuid4()) for _ in users) + "}",
            "users": "{" + ",".join(users) + "}",
            "scores": "{" + ",".join("100" for _ in users) + "}",
            "numbers": "{" + ",".join(str(9_000 + n) for n in range(players)) + "}",
            "batch_id": str(uuid.uuid4()),
            "last_no": 9_000 + players,
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
        assert count_written(connection) == (players, players, 0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA floor CASCADE")
        connection.close()
