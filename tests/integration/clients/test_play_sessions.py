"""Play sessions: they last for their time, and a player has few open."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.archives.cleaning import delete_ended_credentials
from domain.clients.model import ClientFacts
from domain.clients.play_sessions import (
    MAX_OPEN,
    OpenedSession,
    end_play_session,
    open_play_session,
)
from domain.errors import NotFoundError
from domain.store.store import Store
from tests.factories import make_player
from tests.intakes import fetch
from tests.integration.clients.clients import make_facts
from tests.waiting import run_in_threads

OPEN = "SELECT session_id FROM play_sessions WHERE ended_at IS NULL ORDER BY started_at"


def open_one(
    store: Store, user_id: UUID, client: ClientFacts | None = None, seconds: int = 60
) -> OpenedSession:
    return open_play_session(
        store, user_id=user_id, username="ann", client=client, lifetime_seconds=seconds
    )


def list_open(store: Store) -> list[UUID]:
    return [row[0] for row in fetch(store, OPEN)]


def test_a_session_lasts_for_its_time_by_the_clock_of_postgresql(store: Store) -> None:
    before = fetch(store, "SELECT clock_timestamp()")[0][0]
    opened = open_one(store, make_player(store).user_id)
    after = fetch(store, "SELECT clock_timestamp()")[0][0]
    assert before <= opened.started_at <= after
    assert opened.expires_at - opened.started_at == timedelta(seconds=60)


def test_who_opens_one_first_of_all_becomes_a_player(store: Store) -> None:
    user_id, facts = uuid4(), make_facts()
    opened = open_one(store, user_id, facts)
    assert fetch(store, "SELECT user_id, username FROM users") == [(user_id, "ann")]
    rows = fetch(
        store,
        "SELECT session_id, s.user_id, claimed_ms, switches, last_device, c.device"
        " FROM play_sessions s JOIN clients c USING (client_no)",
    )
    assert rows == [(opened.session_id, user_id, 0, 0, facts.device, facts.device)]


def test_a_game_server_opens_one_without_a_client(store: Store) -> None:
    open_one(store, make_player(store).user_id)
    assert fetch(store, "SELECT client_no, last_device FROM play_sessions") == [(None, None)]


def test_one_too_many_ends_the_oldest_of_this_player(store: Store) -> None:
    player, other = make_player(store).user_id, make_player(store).user_id
    others = open_one(store, other).session_id
    opened = [open_one(store, player).session_id for _ in range(MAX_OPEN + 2)]
    assert list_open(store) == [others, *opened[2:]]
    # One that has ended leaves its place to another.
    end_play_session(store, session_id=opened[5], user_id=player)
    opened.append(open_one(store, player).session_id)
    assert opened[2] in list_open(store)


def test_many_at_once_leave_no_more_open_than_allowed(store: Store) -> None:
    player = make_player(store).user_id
    run_in_threads(lambda: [open_one(store, player) for _ in range(6)] and None, count=5)
    assert len(list_open(store)) == MAX_OPEN
    assert fetch(store, "SELECT count(*) FROM play_sessions") == [(30,)]


def test_new_players_who_open_at_once_are_made_once(store: Store) -> None:
    user_id = uuid4()
    run_in_threads(lambda: open_one(store, user_id) and None, count=4)
    assert len(list_open(store)) == 4


def test_an_end_is_once_and_only_of_one_s_own(store: Store) -> None:
    player = make_player(store).user_id
    session = open_one(store, player).session_id
    for stranger, session_id in ((uuid4(), session), (player, uuid4())):
        with pytest.raises(NotFoundError):
            end_play_session(store, session_id=session_id, user_id=stranger)
    assert list_open(store) == [session]
    end_play_session(store, session_id=session, user_id=player)
    (ended,) = fetch(store, "SELECT ended_at FROM play_sessions")
    end_play_session(store, session_id=session, user_id=None)
    assert fetch(store, "SELECT ended_at FROM play_sessions") == [ended]


def test_old_sessions_are_cleaned_a_day_after_their_end(store: Store) -> None:
    player = make_player(store).user_id
    opened = [open_one(store, player, seconds=seconds) for seconds in (60, 3600)]
    now = opened[0].expires_at + timedelta(days=1, seconds=1)
    assert delete_ended_credentials(store, now=now).rows["play_sessions"] == 1
    assert list_open(store) == [opened[1].session_id]
