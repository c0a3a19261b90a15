"""The rows around oneself: a message marks whoever may be shown other rows, and few others."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.boards.model import AroundAsked, Standing
from domain.store.redis.bulk_reads import MarkedRows
from web.live.boards import encoding
from web.live.boards.around import Around
from web.live.boards.global_around import GlobalAround
from web.live.outgoing import Message, Outgoing

AT = datetime(2026, 11, 27, tzinfo=UTC)
# Player, points; a few of each message's actions, or none: a ban of the first player then.
MESSAGES = st.lists(
    st.lists(st.tuples(st.integers(1, 14), st.integers(-3, 9)), max_size=3), max_size=8
)


class Ears:
    """A listener that keeps the rows it was shown last."""

    view = None

    def __init__(self, number: int, limit: int):
        self.user_id = UUID(int=number)
        self.limit = limit
        self.rows: list[tuple[int, str, int]] = []
        self.heard = 0

    def send(self, outgoing: Outgoing) -> None:
        event = orjson.loads(outgoing.payloads[-1])
        self.heard += 1
        self.rows = [(row["rank"], row["userId"], row["score"]) for row in event["around"]]


class Board:
    """Scores; equal ones are in the order in which they were reached. An AroundSource."""

    channel = "around:self"

    def __init__(self) -> None:
        self.rows: dict[UUID, tuple[int, int]] = {}
        self.clock = 0
        self.seq = 0
        self.asked: list[UUID] = []

    def act(self, *actions: tuple[int, int]) -> str:
        """Give players points and return the message; without a row a player begins at 0."""
        self.seq += 1
        rows = []
        for number, points in actions:
            self.clock += 1
            user = UUID(int=number)
            before = self.rows.get(user, (0, 0))[0]
            after = max(before + points, 0)
            if points:
                self.rows[user] = (after, self.clock)
            rows.append(["id", str(user), before, after, after - before])
        return orjson.dumps({"epoch": "e", "seq": self.seq, "actions": rows}).decode()

    def around(self, user: UUID, neighbors: int) -> tuple[Standing, ...]:
        order = sorted(self.rows, key=lambda one: (-self.rows[one][0], self.rows[one][1]))
        if user not in self.rows:
            return ()
        own = order.index(user)
        return tuple(
            Standing(rank, one, "p", self.rows[one][0], AT)
            for rank, one in enumerate(order, start=1)
            if abs(rank - 1 - own) <= neighbors
        )

    def read(self, asked: Sequence[AroundAsked]) -> list[Around | None]:
        self.asked += [each.user_id for each in asked]
        found = [MarkedRows("m", 14, self.around(each.user_id, each.neighbors)) for each in asked]
        return [
            Around("m", marked.rows, (marked, question))
            for question, marked in zip(asked, found, strict=True)
        ]

    def encode(self, event: str, around: Around, at: datetime) -> Message:
        found, asked = around.rows
        return encoding.own_around(event, asked.user_id, found.rows, found.total_users, at)


def make_followers(board: Board) -> tuple[GlobalAround, list[Ears]]:
    around = GlobalAround(board)
    around.handle_connected()
    everybody = [Ears(number, 1 + number % 3) for number in range(1, 15)]
    for ears in everybody:
        around.start(ears, ears.limit, None)
    return around, everybody


def is_true(board: Board, ears: Ears) -> bool:
    rows = board.around(ears.user_id, ears.limit)
    return ears.rows == [(row.rank, str(row.user_id), row.score) for row in rows]


@settings(deadline=None)
@given(start=st.lists(st.integers(0, 9), max_size=12), messages=MESSAGES)
def test_everybody_ends_with_the_rows_as_they_are(
    start: list[int], messages: list[list[tuple[int, int]]]
) -> None:
    board = Board()
    board.act(*enumerate(start, start=1))
    around, everybody = make_followers(board)
    for actions in messages:
        if not actions:
            board.rows.pop(UUID(int=1), None)
        around.handle_message(board.act(*actions))
        around.read_changed()
        assert all(is_true(board, ears) for ears in everybody)


def test_only_those_near_whom_somebody_was_are_read() -> None:
    board = Board()
    board.act(*((number, 200 - 10 * number) for number in range(1, 15)))
    around, everybody = make_followers(board)
    around.handle_message(board.act((14, 1)))
    around.read_changed()
    board.asked.clear()
    around.handle_message(board.act((13, 1)))
    around.read_changed()
    assert {user.int for user in board.asked} == {11, 12, 13, 14}
    # A message was missed: whoever it moved is not known.
    board.act((1, 1))
    board.asked.clear()
    around.handle_message(board.act((13, 1)))
    around.read_changed()
    assert len(board.asked) == len(everybody)


def test_who_is_read_while_a_message_comes_is_read_again() -> None:
    board = Board()
    board.act(*((number, 200 - 10 * number) for number in range(1, 15)))
    around, _ = make_followers(board)
    around.handle_message(board.act((14, 1)))
    around.read_changed()
    read, late = board.read, []

    def read_and_move(asked: Sequence[AroundAsked]) -> list[Around | None]:
        found = read(asked)
        if not late:
            # Far from what each was shown, but perhaps not from what this read will show.
            late.append(board.act((1, 1)))
            around.handle_message(late[0])
        return found

    board.read = read_and_move  # type: ignore[method-assign]
    around.handle_message(board.act((13, 1)))
    around.read_changed()
    board.asked.clear()
    around.read_changed()
    assert {11, 12, 13, 14} <= {user.int for user in board.asked}


def test_while_the_bus_is_lost_everybody_is_read() -> None:
    board = Board()
    board.act((1, 5), (2, 3))
    around, everybody = make_followers(board)
    around.read_changed()
    around.handle_lost()
    board.act((2, 9))
    around.read_changed()
    assert all(is_true(board, ears) for ears in everybody)
