"""Boards in SQL and Redis, and what actions were told, beside the reference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from orjson import dumps
from sqlalchemy import text

from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import encode_definition
from domain.rankings.model import PlayerFacts
from domain.store.redis import keys
from domain.store.store import Store
from tests import ledgers
from tests import rankings_reference as reference
from tests.conftest import clean, flush
from tests.factories import make_player
from tests.integration.interleaving.seals import read_ledger
from tests.rankings import make_board
from workers.context import WorkerContext

ROWS = text(
    "SELECT n.period_key, n.segment, n.ranking_no,"
    " n.revision = 0 AND coalesce(n.period_end > clock_timestamp(), true) AS is_open, r.sort_key,"
    " CAST(r.user_id AS text), r.value, coalesce(r.columns, '{}'), r.reached_seq, r.counted"
    " FROM ranking_rows r JOIN rankings n USING (ranking_no)"
    " JOIN boards b ON b.live_version_no = n.version_no"
    " WHERE b.board_id = :board ORDER BY n.ranking_no, r.sort_key, r.user_id"
)

Rankings = dict[tuple[str, str], list[reference.Entry]]


def prepare(
    context: WorkerContext,
    boards: Sequence[BoardDefinition],
    players: Mapping[str, PlayerFacts],
) -> dict[str, PlayerFacts]:
    """Store boards and players in empty stores; return the players as the boards know them."""
    store = context.store
    clean(store.engine)
    flush(context.settings.redis_url)
    for board in boards:
        fields = encode_definition(board)
        make_board(store, fields.pop("id"), **fields)
    for number, user in enumerate(ledgers.USERS):
        make_player(store, user_id=UUID(user), username=f"player_{number}")
    known = {}
    with store.write() as connection:
        # So that periods of the past are closed.
        connection.execute(text("UPDATE board_versions SET live_at = '2000-01-01'"))
        for user, facts in players.items():
            joined = {str(board.id): at for board in boards for at in facts.joined.values()}
            known[user] = facts._replace(joined=joined)
            connection.execute(
                text("UPDATE users SET attributes = CAST(:json AS jsonb) WHERE user_id = :user"),
                {"json": dumps(facts.attributes).decode(), "user": user},
            )
            for board_id, at in joined.items():
                connection.execute(
                    text("INSERT INTO board_members VALUES (:board, :user, :at)"),
                    {"board": board_id, "user": user, "at": at},
                )
    return known


def check_board(store: Store, board: BoardDefinition, players: Mapping[str, PlayerFacts]) -> None:
    """Compare a board's rankings with the reference."""
    with store.write() as connection:
        ledger = read_ledger(connection)
    expected = reference.rank_all(board, ledger, players, datetime.now(UTC))
    found = read_rankings(store, board)
    assert found == expected, f"{board}\nhas {found}\nfor  {expected}\nof {sorted(ledger)}"


def check_answers(store: Store, board: BoardDefinition, players: Mapping[str, PlayerFacts]) -> None:
    """Compare why actions do not count on a board with the reference."""
    with store.write() as connection:
        ledger = read_ledger(connection)
        answers = connection.execute(text("SELECT action_no, uncounted FROM user_actions"))
        told = {number: uncounted or {} for number, uncounted in answers}
    for action in ledger:
        answer = told[action.action_no].get(str(board.id))
        why_not = reference.why_not(board, action, players) or None
        # Which of the last attempts was told so depends on who came first.
        assert answer == why_not or (why_not is None and answer == "NO_ATTEMPTS_LEFT")


def read_rankings(store: Store, board: BoardDefinition) -> Rankings:
    """Return the rankings as SQL has them, after seeing that Redis has those that are open."""
    with store.write() as connection:
        rows = connection.execute(ROWS, {"board": str(board.id)}).all()
    rankings = defaultdict(list)
    for period, segment, number, is_open, *row in rows:
        rankings[period, segment, number, is_open].append(row)
    found: Rankings = {}
    for (period, segment, number, is_open), members in rankings.items():
        ranks = ledgers.list_ranks(board, [bytes(key) for key, *_ in members])
        found[period, segment] = [
            reference.Entry(rank, user, value, tuple(columns), reached, counted)
            for rank, (_, user, value, columns, reached, counted) in zip(
                ranks, members, strict=True
            )
        ]
        if is_open:
            places = [f"{bytes(key).hex()}:{user}" for key, user, *_ in members]
            assert list_redis(store, number) == places
    return found


def list_redis(store: Store, ranking_no: int) -> list[str]:
    """Return the members of a ranking's sorted set in order."""
    members: list[str] = store.redis.run(
        lambda client: client.zrange(keys.ranking(ranking_no), 0, -1)
    )
    return members
