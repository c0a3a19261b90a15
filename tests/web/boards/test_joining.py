"""Joining a board over HTTP, and what counts there before and after."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import list_rows, make_board
from tests.web.http.bodies import Headers, assert_refused
from workers.context import WorkerContext

Bearer = Callable[..., Headers]


def join(client: FlaskClient, headers: Headers, slug: str = "cup") -> Any:
    return client.post(f"/api/boards/{slug}/join", headers=headers)


def make_season(store: Store, slug: str, *, ends_in: timedelta, **fields: Any) -> None:
    now = datetime.now(UTC)
    start, end = now - timedelta(days=1), now + ends_in
    period = {"kind": "season", "start": start.isoformat(), "end": end.isoformat()}
    make_board(store, slug, period=period, joinRequired=True, **fields)


def test_only_what_comes_in_after_joining_counts(
    client: FlaskClient, worker_context: WorkerContext, bearer: Bearer
) -> None:
    ann = uuid4()
    make_season(worker_context.store, "cup", ends_in=timedelta(days=1))
    complete_actions(worker_context, [make_action(user_id=ann, score=5)])
    answer = join(client, bearer(ann))
    assert (answer.status_code, answer.json["board"]) == (200, "cup")
    complete_actions(worker_context, [make_action(user_id=ann, score=2)])
    assert [value for *_, value in list_rows(worker_context.store, "cup")] == [2]


def test_joining_again_changes_nothing_also_at_once(
    client: FlaskClient, store: Store, bearer: Bearer
) -> None:
    make_season(store, "cup", ends_in=timedelta(days=1))
    headers = bearer(uuid4())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: join(client, headers), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["joinedAt"] for answer in answers}) == 1


def test_a_player_of_whom_nothing_is_stored_may_join(
    client: FlaskClient, store: Store, bearer: Bearer
) -> None:
    make_season(store, "cup", ends_in=timedelta(days=1))
    assert join(client, bearer(UUID(int=7), username="seven")).status_code == 200
    with store.write() as connection:
        names = connection.execute(text("SELECT username FROM users")).scalars().all()
    assert names == ["seven"]


def test_a_season_that_is_over_is_not_joined_but_members_stay(
    client: FlaskClient, store: Store, bearer: Bearer
) -> None:
    make_season(store, "cup", ends_in=timedelta(days=1))
    member = bearer(uuid4())
    first = join(client, member).json
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE board_versions SET definition = jsonb_set(definition, '{period,end}',"
                " to_jsonb(to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')))"
            )
        )
    refused = join(client, bearer(uuid4()))
    assert_refused(refused, 409, "JOIN_REFUSED")
    assert refused.json["error"]["details"] == {"reason": "SEASON_OVER"}
    assert join(client, member).json == first


@pytest.mark.parametrize("slug", ["open", "global"])
def test_a_board_that_counts_everybody_is_not_joined(
    client: FlaskClient, store: Store, bearer: Bearer, slug: str
) -> None:
    make_board(store, "open")
    refused = join(client, bearer(), slug)
    assert_refused(refused, 409, "JOIN_REFUSED")
    assert refused.json["error"]["details"] == {"reason": "NOT_NEEDED"}


@pytest.mark.parametrize("slug", ["unknown", "A B", "hidden", "archived", "building"])
def test_a_board_that_the_player_cannot_see_is_not_found(
    client: FlaskClient, store: Store, bearer: Bearer, slug: str
) -> None:
    make_board(store, "hidden", joinRequired=True, readers="admins")
    for name in ("archived", "building"):
        make_board(store, name, joinRequired=True)
    with store.write() as connection:
        connection.execute(text("UPDATE boards SET state = 'archived' WHERE board_id = 'archived'"))
        connection.execute(
            text("UPDATE board_versions SET state = 'building' WHERE board_id = 'building'")
        )
    assert_refused(join(client, bearer(), slug), 404, "NOT_FOUND")
    assert join(client, bearer(roles=["admin"]), "hidden").status_code == 200
