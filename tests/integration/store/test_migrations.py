"""Migrations make the tables of the models: alone, concurrently, down and up again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from domain.settings import Settings
from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock
from domain.store.postgres.boards.standings import BOARD_ROWS
from domain.store.postgres.stages import IS_FINISHED, IS_UNFINISHED
from domain.store.postgres.tables import metadata
from tests.databases import ROOT, empty_database, migrate, migration_config
from tests.waiting import wait_until


@pytest.fixture
def database_url() -> Iterator[str]:
    name = f"laurel_test_migrations_{uuid4().hex[:12]}"
    with empty_database(os.environ["LAUREL_TEST_DATABASE_URL"], name) as url:
        yield url


def connect_to(url: str) -> Connection:
    engine = create_engine(Settings(database_url=url).sqlalchemy_url, poolclass=NullPool)
    return engine.connect()


def list_tables(url: str) -> set[str]:
    with connect_to(url) as connection:
        return set(inspect(connection).get_table_names())


def test_models_match_migrations(database_url: str) -> None:
    migrate(database_url)
    command.check(migration_config(database_url))


def test_a_model_that_no_migration_makes_is_noticed(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        connection.execute(text("ALTER TABLE user_scores DROP COLUMN created_at"))
        connection.commit()
    with pytest.raises(CommandError, match="created_at"):
        command.check(migration_config(database_url))


def test_sequences_match_migrations(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        sequences = connection.execute(
            text("SELECT sequencename, data_type::text FROM pg_sequences")
        )
        made = {(row.sequencename, row.data_type) for row in sequences}
    numbers = (
        "action_no_seq",
        "bans_ban_no_seq",
        "board_versions_version_no_seq",
        "clients_client_no_seq",
        "moderation_acts_act_no_seq",
        "ranking_version_seq",
        "rankings_ranking_no_seq",
        "revocations_revocation_no_seq",
        "rewards_reward_no_seq",
    )
    small = ("fraud_models_model_no_seq", "fraud_policies_policy_no_seq")
    assert made == {(name, "bigint") for name in numbers} | {(name, "integer") for name in small}


def test_the_view_of_the_statistics_has_the_specification_s_columns(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        columns = connection.execute(
            text(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = 'user_stats' ORDER BY ordinal_position"
            )
        )
        assert [tuple(column) for column in columns] == [
            ("user_id", "uuid"),
            ("total_actions", "integer"),
            ("first_action", "timestamp with time zone"),
            ("last_action", "timestamp with time zone"),
        ]


def test_downgrade_leaves_nothing_and_upgrade_works_again(database_url: str) -> None:
    migrate(database_url)
    before = list_tables(database_url)
    command.downgrade(migration_config(database_url), "base")
    assert list_tables(database_url) == {"alembic_version"}
    migrate(database_url)
    assert list_tables(database_url) == before
    assert before.issuperset(metadata.tables)


def test_clients_of_an_older_database_are_seen_now(database_url: str) -> None:
    config = migration_config(database_url)
    command.upgrade(config, "0003")
    with connect_to(database_url) as connection:
        connection.execute(
            text(
                "INSERT INTO clients"
                " (device, names_device, address, country, is_hosting, first_seen)"
                " VALUES (gen_random_uuid(), false, gen_random_uuid(), '', false, '2020-01-01')"
            )
        )
        connection.commit()
    command.upgrade(config, "head")
    with connect_to(database_url) as connection:
        seen = text("SELECT seen_at > now() - interval '1 hour' FROM clients")
        assert connection.execute(seen).scalar_one()


def test_the_audit_chain_starts_at_zero(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        head = connection.execute(text("SELECT head_id, seq, hash FROM audit_head")).one()
    assert (head.head_id, head.seq, bytes(head.hash)) == (1, 0, bytes(32))


def test_actions_of_last_month_and_of_the_next_three_have_their_partition(
    database_url: str,
) -> None:
    migrate(database_url)
    now, user_id = datetime.now(UTC), uuid4()
    with connect_to(database_url) as connection:
        connection.execute(
            text("INSERT INTO users (user_id, username, username_key) VALUES (:id, 'a', 'a')"),
            {"id": user_id},
        )
        connection.execute(text("INSERT INTO user_scores (user_id) VALUES (:id)"), {"id": user_id})
        for months in (-1, 0, 1, 2, 3):
            moment = connection.execute(
                text("SELECT CAST(:now AS timestamptz) + make_interval(months => :months)"),
                {"now": now, "months": months},
            ).scalar_one()
            partition = connection.execute(
                text(
                    "INSERT INTO user_actions (action_id, user_id, action_no, score_delta,"
                    " batch_id, created_at) VALUES (:id, :id, 1, 0, :id, :at)"
                    " RETURNING tableoid::regclass::text"
                ),
                {"id": user_id, "at": moment},
            ).scalar_one()
            moment = moment.astimezone(UTC)
            assert partition == f"user_actions_y{moment:%Y}m{moment:%m}"


def test_updates_of_scores_have_room_on_their_page_and_final_actions_need_none(
    database_url: str,
) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        rows = connection.execute(
            text("SELECT relname, reloptions FROM pg_class WHERE relkind = 'r'")
        ).all()
    options = {row.relname: row.reloptions for row in rows}
    assert options["user_scores"] == ["fillfactor=80"]
    assert options["clients"] == options["client_sightings"] == ["fillfactor=90"]
    months = [name for name in options if name.startswith("user_actions_y")]
    assert [options[name] for name in months] == [None] * 5


def test_transitions_in_the_audit_log_are_not_compressed(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        storage = connection.execute(
            text(
                "SELECT attstorage FROM pg_attribute"
                " WHERE attrelid = 'audit_log'::regclass AND attname = 'leaves'"
            )
        ).scalar_one()
    assert storage in ("e", b"e")


def test_partial_indexes_of_batches_have_the_conditions_of_the_queries(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        for condition, index in (
            (IS_UNFINISHED, "ix_action_batches_stalled"),
            (IS_FINISHED, "ix_action_batches_ended"),
        ):
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = connection.execute(
                text(f"EXPLAIN SELECT batch_id FROM action_batches WHERE {condition}")
            ).scalars()
            assert index in "".join(plan)


def test_rows_of_the_board_are_read_by_player_before_the_first_analyze(database_url: str) -> None:
    migrate(database_url)
    with connect_to(database_url) as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        lines = connection.execute(text(f"EXPLAIN {BOARD_ROWS}"), {"ids": [str(uuid4())]}).scalars()
        plan = "".join(lines)
    assert "ix_user_scores_ranking" not in plan
    assert "pk_user_scores" in plan


def test_two_migrations_at_once_do_not_race(database_url: str) -> None:
    migration = [sys.executable, "-m", "alembic", "-x", f"url={database_url}", "upgrade", "head"]
    with connect_to(database_url) as holder:
        # Held like a migration at work, so that both surely wait at the same time.
        holder.execute(
            text("SELECT pg_advisory_lock(:namespace, :lock)"),
            {"namespace": NAMESPACE, "lock": AdvisoryLock.MIGRATION},
        )
        processes = [subprocess.Popen(migration, cwd=ROOT, stderr=subprocess.PIPE) for _ in "ab"]
        wait_until(lambda: count_waiting(holder) == len(processes))
        assert list_tables(database_url) == set()
    errors = [process.communicate(timeout=30)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    command.check(migration_config(database_url))


def count_waiting(connection: Connection) -> int:
    waiting: int = connection.execute(
        text(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
    ).scalar_one()
    return waiting
