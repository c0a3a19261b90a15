"""The wire format: what is written to a board and published is exactly what is parsed."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.boards.model import GLOBAL_BOARD, TOP_SIZE, BoardState, Standing, Top
from domain.events.wire import (
    AppliedAction,
    BusMessage,
    RankMove,
    add_standings,
    parse_bus_message,
    parse_top,
)
from domain.store.postgres.boards.standings import BoardRow
from domain.store.redis import boards, keys
from domain.store.redis.bus import mark_listened, publish_batch
from domain.store.store import Store

MAX_SCORE = 2**53 - 1
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 10, 20, 30, 456789, tzinfo=UTC)
# All that JSON escapes, that separates the parts of a row, or that Lua's patterns could trip over.
CHARACTERS = (
    *(chr(code) for code in range(1, 0x20)),
    *"\"\\/|:,{}[]%'<>&\x7f\u2028\u2029\ufeffé\u0301日本\U0001f600\U0001f469\u200d\U0001f680 az09",
)


class Dice(random.Random):
    """Random boards; a seed makes one test."""

    def name(self) -> str:
        """Return a name of up to 32 hostile characters; it may be empty."""
        return "".join(self.choices(CHARACTERS, k=self.randrange(33)))

    def score(self) -> int:
        """Return a score up to the largest one, often one of the edges."""
        edges = (0, 1, 2**31, 10**14, 10**15 + 1, MAX_SCORE - 1, MAX_SCORE)
        return self.choice((*edges, self.randrange(MAX_SCORE), self.randrange(100)))

    def row(self, reached_seq: int) -> BoardRow:
        """Return a user's row."""
        return BoardRow(
            user_id=UUID(int=self.getrandbits(128)),
            username=self.name(),
            score=self.score(),
            reached_seq=reached_seq,
            version=self.randrange(1, 2**40),
            last_updated=EPOCH + timedelta(milliseconds=self.randrange(10**12)),
        )

    def actions(self, rows: list[BoardRow]) -> tuple[AppliedAction, ...]:
        """Return some actions of some of these users."""
        return tuple(
            AppliedAction(uuid4(), row.user_id, self.score(), self.score(), self.score())
            for row in self.choices(rows, k=self.randrange(1, 30))
        )


def rank_rows(rows: list[BoardRow]) -> tuple[Standing, ...]:
    """Return the standings of these rows, all of them."""
    ordered = sorted(rows, key=lambda row: (-row.score, row.reached_seq))
    return tuple(
        Standing(rank, row.user_id, row.username, row.score, row.last_updated)
        for rank, row in enumerate(ordered, start=1)
    )


def fill_board(store: Store, rows: list[BoardRow]) -> None:
    """Write the rows as a complete, trusted board."""
    token = boards.begin_rebuild(store.redis, board=GLOBAL_BOARD)
    boards.write_rows(store.redis, rows, board=GLOBAL_BOARD)
    assert boards.finish_rebuild(store.redis, board=GLOBAL_BOARD, token=token)


def read_published(store: Store) -> tuple[str, BusMessage]:
    """Return the one message of the stream, as text and parsed."""
    ((_, entry),) = store.redis.run(
        lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD))  # type: ignore[no-any-return]
    )
    return entry["m"], parse_bus_message(entry["m"])


def expect_message(
    message: BusMessage,
    actions: tuple[AppliedAction, ...],
    ranks: dict[UUID, RankMove],
    state: BoardState,
    batch_id: UUID,
) -> BusMessage:
    """Return what the message must be; the epoch alone is its own."""
    return BusMessage(
        board=GLOBAL_BOARD,
        epoch=message.epoch,
        seq=1,
        rows=[
            [str(action.action_id), str(action.user_id), *scores]
            for action, scores in (
                (action, (action.previous_score, action.new_score, action.score_delta))
                for action in actions
            )
        ],
        ranks=ranks,
        top=replace(state.top, epoch=message.epoch, seq=1),
        scores=dict(state.scores),
        batch_id=str(batch_id),
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_message_of_a_trusted_board_comes_back_as_it_was_written(store: Store, seed: int) -> None:
    dice, batch_id = Dice(seed), uuid4()
    count = dice.choice((1, 2, 40, 130))
    rows = [dice.row(number) for number in range(1, count + 1)]
    fill_board(store, rows)
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[row.user_id for row in rows])
    before = {row.user_id: row.rank for row in rank_rows(rows)}
    new = [
        replace(row, score=dice.score(), version=row.version + 1, reached_seq=count + number)
        for number, row in enumerate(dice.sample(rows, k=dice.randrange(1, count + 1)), start=1)
    ]
    boards.write_rows(store.redis, new, board=GLOBAL_BOARD, batch_id=batch_id)
    known = {row.user_id: row for row in (*rows, *new)}
    standings = rank_rows(list(known.values()))
    actions = dice.actions(new)
    users = {action.user_id for action in actions}
    after = {row.user_id: row.rank for row in standings if row.user_id in users}
    scores = {user: known[user].score for user in users}
    top = Top(GLOBAL_BOARD, "", 0, len(known), standings[:TOP_SIZE], NOW)

    assert publish_batch(
        store.redis, board=GLOBAL_BOARD, batch_id=batch_id, actions=actions, now=NOW, state=None
    )

    raw, message = read_published(store)
    moves = {user: RankMove(before[user], after[user]) for user in users}
    state = BoardState(top, after, scores)
    assert message == expect_message(message, actions, moves, state, batch_id)
    assert parse_top(raw) == message.top
    assert boards.find_top(store.redis, board=GLOBAL_BOARD, size=TOP_SIZE, now=NOW) == message.top
    chosen = dice.choice(standings)
    found = boards.find_neighborhood(
        store.redis,
        board=GLOBAL_BOARD,
        size=TOP_SIZE,
        now=NOW,
        user_id=chosen.user_id,
        neighbors=3,
    )
    index = chosen.rank - 1
    assert found == (message.top, standings[max(0, index - 3) : index + 4])


@pytest.mark.parametrize("seed", range(12))
def test_a_message_with_the_state_from_sql_comes_back_as_it_was_given(
    store: Store, seed: int
) -> None:
    dice, batch_id = Dice(seed), uuid4()
    rows = [dice.row(number) for number in range(1, dice.choice((1, 2, 40, 130)) + 1)]
    standings = rank_rows(rows)
    actions = dice.actions(rows)
    users = {action.user_id for action in actions}
    ranks = {row.user_id: row.rank for row in standings if row.user_id in users and row.rank % 7}
    scores = {row.user_id: row.score for row in rows if row.user_id in ranks}
    top = Top(GLOBAL_BOARD, "", 0, len(rows), standings[:TOP_SIZE], NOW)
    state = BoardState(top, ranks, scores)

    assert publish_batch(
        store.redis, board=GLOBAL_BOARD, batch_id=batch_id, actions=actions, now=NOW, state=state
    )

    raw, message = read_published(store)
    moves = {user: RankMove(None, ranks.get(user)) for user in users}
    assert message == expect_message(message, actions, moves, state, batch_id)
    assert parse_top(raw) == message.top


def test_an_untrusted_board_asks_for_the_state_and_publishes_nothing(store: Store) -> None:
    dice = Dice(1)
    assert not publish_batch(
        store.redis,
        board=GLOBAL_BOARD,
        batch_id=uuid4(),
        actions=dice.actions([dice.row(1)]),
        now=NOW,
        state=None,
    )
    assert store.redis.run(lambda client: client.dbsize()) == 0


@pytest.mark.parametrize("raw", ["", "{", "[]", "5", '{"epoch":5}', '{"board":"Not a slug"}'])
def test_any_other_text_is_refused_with_an_ordinary_error(raw: str) -> None:
    for parse in (parse_top, parse_bus_message):
        with pytest.raises((ValueError, KeyError, TypeError)):
            parse(raw)


def test_a_message_has_the_ranks_of_those_to_whom_somebody_listens_and_of_its_top(
    store: Store,
) -> None:
    dice, batch_id = Dice(7), uuid4()
    rows = [replace(dice.row(number), score=1000 - number) for number in range(1, 151)]
    fill_board(store, rows)
    last, listened = rows[-1], rows[-2]
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[listened.user_id])
    new = [replace(row, version=row.version + 1) for row in (rows[0], listened, last)]
    boards.write_rows(store.redis, new, board=GLOBAL_BOARD, batch_id=batch_id)
    actions = tuple(AppliedAction(uuid4(), row.user_id, 0, row.score, 0) for row in new)
    assert publish_batch(
        store.redis, board=GLOBAL_BOARD, batch_id=batch_id, actions=actions, now=NOW, state=None
    )
    _, message = read_published(store)
    assert message.actions == actions
    assert message.ranks == {
        rows[0].user_id: RankMove(None, 1),
        listened.user_id: RankMove(149, 149),
    }
    assert message.scores == {rows[0].user_id: 999, listened.user_id: listened.score}
    placed = Standing(150, last.user_id, "", 850, NOW)
    completed = add_standings(message, [placed, replace(placed, user_id=listened.user_id)])
    assert completed.ranks == {**message.ranks, last.user_id: RankMove(None, 150)}
    assert completed.scores == {**message.scores, last.user_id: 850}


def test_who_is_listened_to_is_forgotten_with_time(store: Store) -> None:
    key = keys.listened(GLOBAL_BOARD)
    old, new = uuid4(), uuid4()
    store.redis.run(lambda client: client.zadd(key, {str(old): 1}))
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[new])
    members = store.redis.run(lambda client: client.zrange(key, 0, -1))
    assert set(members) == {"*", str(new)}
    assert 0 < store.redis.run(lambda client: client.pttl(key)) <= keys.LISTENED_TTL_SECONDS * 1000
