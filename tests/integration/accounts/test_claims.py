"""Names that tokens claim: when they replace a name, and what that costs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, event, select, update

from domain.accounts import claims
from domain.accounts.changes import delete_account
from domain.accounts.claims import Claim, follow_claims
from domain.accounts.names import is_generated
from domain.accounts.passwords import Passwords
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.store.postgres import tables
from domain.store.postgres.accounts.identities import erase_identity, find_identity_of, list_claimed
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from web.http.caller import Principal
from web.intake.claims import MAX_NOTED, REMEMBER_SECONDS, ClaimFollower
from workers.context import WorkerContext

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def board(store: Store) -> Store:
    """The stores with a trusted board."""
    rebuild_board(store, board=GLOBAL_BOARD)
    return store


def play(context: WorkerContext, claim: str | None, user_id: UUID | None = None) -> UUID:
    user_id = user_id or uuid4()
    complete_actions(context, [make_action(user_id=user_id, username=claim)])
    return user_id


def follow(
    store: Store, user_id: UUID, claim: str, at: datetime = NOW, issued_at: datetime = NOW
) -> frozenset[UUID]:
    claimed = {user_id: Claim(claim, issued_at)}
    return follow_claims(store, board=GLOBAL_BOARD, claims=claimed, now=at)


def name_of(store: Store, user_id: UUID) -> str:
    """Return the player's name, which the board and SQL agree on."""
    with store.write() as connection:
        identity = find_identity_of(connection, user_id=user_id)
    assert identity is not None
    rows = read_top(store, board=GLOBAL_BOARD).standings
    assert [row.username for row in rows if row.user_id == user_id] == [identity.username]
    return identity.username


def principal(user_id: UUID, username: str | None, *roles: str) -> Principal:
    return Principal(user_id, username, frozenset(roles or {"player"}), None, "j", NOW, NOW + DAY)


def test_a_generated_name_gives_way_to_a_claim_at_once(
    board: Store, worker_context: WorkerContext
) -> None:
    user = play(worker_context, None)
    assert is_generated(name_of(board, user))
    assert follow(board, user, "hero") == frozenset()
    assert name_of(board, user) == "hero"


def test_a_changed_claim_renames_once_a_day(board: Store, worker_context: WorkerContext) -> None:
    user = play(worker_context, "old")
    for claim, at, name in (
        ("old", NOW, "old"),
        ("new", NOW, "new"),
        ("newer", NOW, "new"),
        ("newer", NOW + DAY - timedelta(seconds=1), "new"),
        ("newer", NOW + DAY, "newer"),
        ("new", NOW + DAY, "newer"),
    ):
        follow(board, user, claim, at)
        assert name_of(board, user) == name


def test_a_claimed_name_that_is_taken_gets_a_suffix_once(
    board: Store, worker_context: WorkerContext
) -> None:
    play(worker_context, "ace")
    user = play(worker_context, None)
    follow(board, user, "асе")
    name = name_of(board, user)
    assert name.startswith("асе-")
    follow(board, user, "асе", NOW + 2 * DAY)
    assert name_of(board, user) == name
    with_latin = play(worker_context, "асе")
    assert name_of(board, with_latin).startswith("асе-")


@pytest.mark.parametrize("claim", ["\u3164" * 3, "x", "аda", "y" * 4000, "\u202eevil"])
def test_a_claim_that_is_not_allowed_changes_nothing(
    board: Store, worker_context: WorkerContext, claim: str
) -> None:
    user = play(worker_context, "old")
    follow(board, user, claim)
    assert name_of(board, user) == "old"
    statements = count_statements(board, lambda: follow(board, user, claim))
    assert statements == 1
    assert is_generated(name_of(board, play(worker_context, claim)))


def test_an_account_with_a_password_keeps_its_own_name(
    board: Store, worker_context: WorkerContext
) -> None:
    user = play(worker_context, "own")
    with board.write() as connection:
        connection.execute(update(tables.users).values(password_hash="$argon2id$"))
    follow(board, user, "claimed", NOW + 2 * DAY)
    assert name_of(board, user) == "own"


def test_a_claim_of_before_the_deletion_does_not_bring_a_name_back(
    board: Store, worker_context: WorkerContext
) -> None:
    user = play(worker_context, "hero")
    delete_account(
        board,
        Passwords(),
        board=GLOBAL_BOARD,
        user_id=user,
        current_password=None,
        until=NOW + DAY,
        now=NOW,
    )
    pseudonym = name_of(board, user)
    for claim in ("hero", "other"):
        follow(board, user, claim, NOW + 2 * DAY, issued_at=NOW)
        assert name_of(board, user) == pseudonym
    follow(board, user, "hero", NOW + DAY, issued_at=NOW + timedelta(seconds=1))
    assert name_of(board, user) == "hero"


def test_a_deletion_in_the_same_moment_wins(
    board: Store, worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = play(worker_context, "old")

    def list_then_erase(connection: Connection, **arguments: Any) -> Any:
        found = list_claimed(connection, **arguments)
        erase_identity(connection, identity=found[0].identity, pseudonym="player-x1", now=NOW)
        return found

    monkeypatch.setattr(claims, "list_claimed", list_then_erase)
    follow(board, user, "new", NOW + DAY, issued_at=NOW + DAY)
    with board.write() as connection:
        row = connection.execute(select(tables.users)).one()
    assert (row.username, row.claimed_name) == ("player-x1", None)


def test_players_without_a_row_are_looked_at_again(board: Store) -> None:
    stranger = uuid4()
    assert follow(board, stranger, "hero") == {stranger}


def test_a_claim_costs_nothing_once_it_was_looked_at(
    board: Store, worker_context: WorkerContext
) -> None:
    seconds = 0.0
    follower = ClaimFollower(board, GLOBAL_BOARD, clock=lambda: seconds)
    user = uuid4()

    def act(claim: str | None, *roles: str) -> int:
        follower.note(principal(user, claim, *roles))
        return count_statements(board, follower.follow)

    assert act(None) == act("server", "service") == 0
    # Not stored yet: its next action has it looked at again.
    assert act("hero") == act("hero") == 1
    play(worker_context, None, user)
    assert act("hero") > 1
    assert name_of(board, user) == "hero"
    assert act("hero") == 0
    assert act("other") == 1, "too soon after the last renaming"
    assert act("other") == 0
    seconds += REMEMBER_SECONDS
    assert act("other") == 1


def test_what_is_noted_is_bounded(store: Store) -> None:
    follower = ClaimFollower(store, GLOBAL_BOARD)
    for _ in range(MAX_NOTED + 10):
        follower.note(principal(uuid4(), "hero"))
    steps = 0
    while count_statements(store, follower.follow):
        steps += 1
    assert steps == MAX_NOTED // 500


def count_statements(store: Store, call: Any) -> int:
    """Return how many statements the call sends to PostgreSQL."""
    sent: list[str] = []

    def count(*arguments: Any) -> None:
        sent.append(arguments[2])

    event.listen(store.engine, "before_cursor_execute", count)
    try:
        call()
    finally:
        event.remove(store.engine, "before_cursor_execute", count)
    return len(sent)
