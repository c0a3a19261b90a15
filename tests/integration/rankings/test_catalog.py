"""The catalog: its revision, and the versions that count."""

import pytest
from sqlalchemy import insert, text

from domain.boards.model import BoardId
from domain.errors import DatabaseLockedError, TransientError
from domain.rankings.catalog import CatalogCache
from domain.rankings.definition import Aggregate, BoardDefinition
from domain.rankings.definition_json import encode_definition
from domain.rankings.model import VersionState
from domain.store.postgres import tables
from domain.store.postgres.rankings.catalog import (
    lock_catalog,
    read_catalog,
    read_revision,
    share_catalog,
)
from domain.store.store import Store
from tests.rankings import make_board


def test_an_empty_catalog_has_a_revision_and_no_versions(store: Store) -> None:
    with store.write() as connection:
        assert read_catalog(connection) == (read_revision(connection), ())


def test_building_and_live_versions_of_active_boards_count(store: Store) -> None:
    states = {"kept": "active", "gone": "archived", "going": "deleting"}
    with store.write() as connection:
        for slug, state in states.items():
            definition = BoardDefinition(BoardId(slug), aggregate=Aggregate.BEST)
            connection.execute(insert(tables.boards).values(board_id=slug, state=state))
            for version, version_state in enumerate(("retired", "live", "building"), 1):
                connection.execute(
                    insert(tables.board_versions).values(
                        board_id=slug,
                        version=version,
                        state=version_state,
                        definition=encode_definition(definition),
                    )
                )
        revision, versions = read_catalog(connection)
        assert revision == read_revision(connection)
    assert [(found.version, found.state) for found in versions] == [
        (2, VersionState.LIVE),
        (3, VersionState.BUILDING),
    ]
    kept = BoardDefinition(BoardId("kept"), aggregate=Aggregate.BEST)
    assert [found.definition for found in versions] == [kept, kept]


def test_a_board_that_is_not_understood_is_named_until_it_is_archived(store: Store) -> None:
    make_board(store, "lost", timeZone="Europe/Berlin")
    with store.write() as connection:
        connection.execute(
            text(
                'UPDATE board_versions SET definition = definition || \'{"timeZone": "Gone/Zone"}\''
            )
        )
    catalogs = CatalogCache()
    with store.write() as connection:
        with pytest.raises(TransientError, match=r"Version 1 of the board lost .*: timeZone"):
            catalogs.find(connection, revision=read_revision(connection))
        connection.execute(text("UPDATE boards SET state = 'archived'"))
        assert catalogs.find(connection, revision=read_revision(connection)).rules == ()


def test_who_changes_the_catalog_waits_a_short_time_for_it(store: Store) -> None:
    with store.write() as other:
        share_catalog(other)
        with pytest.raises(DatabaseLockedError), store.write() as connection:
            lock_catalog(connection, wait_ms=1)
    with store.write() as connection:
        lock_catalog(connection)
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "2s"
