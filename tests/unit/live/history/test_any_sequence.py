"""Whatever happens to a hub and its clients: nobody misses anything, and nobody hears it twice."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.live.history.resuming_client import LEADERBOARD, OWN, Client
from tests.unit.live.history.scripted_board import NOW, USERS, Clock, ScriptedBoard
from web.live.channels import WINDOW_SECONDS
from web.live.history.ring import Bounds
from web.live.hub import Hub

CLIENTS = ((1, 3), (1, 10), (2, 3), (5, 10), (9, 3), (14, 100), (3, 10))
# Small, so that positions expire.
BOUNDS = Bounds(seconds=3.0, messages=6, most_messages=40, most_bytes=1 << 20, most_lag=4)

users = st.integers(1, USERS + 4)
actions = st.lists(st.tuples(users, st.integers(-3, 30)), max_size=6)
bulk = st.tuples(users, st.integers(1, 20)).map(lambda one: [(one[0], 1)] * one[1])
clients = st.integers(0, len(CLIENTS) - 1)
acting = st.tuples(st.just("act"), st.one_of(actions, bulk))
ticking = st.tuples(st.just("tick"), st.sampled_from([0.01, 0.1, 0.2, 0.25, 0.3, 1.0]))
leaving = st.tuples(st.just("leave"), clients)
coming = st.tuples(st.just("come"), clients, st.booleans(), actions)
operations = st.one_of(
    *(acting, acting, acting, ticking, ticking, leaving, leaving, coming, coming, coming),
    st.tuples(st.just("act_unheard"), actions),
    st.tuples(st.just("lose_bus")),
    st.tuples(st.just("find_bus")),
    st.tuples(st.just("forget_stream")),
    st.tuples(st.just("lose_redis")),
    st.tuples(st.just("restart")),
)


class World:
    """A hub, its board, and clients that come and go."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.board = ScriptedBoard()
        self.clients = [Client(user, limit, self.clock) for user, limit in CLIENTS]
        self.waiting: list[Callable[[], None]] = []
        self.is_followed = True
        self.hub = self._start()

    def run(self, name: str, *arguments: Any) -> None:
        getattr(self, name)(*arguments)

    def act(self, deeds: list[tuple[int, int]]) -> None:
        message = self.board.act(*deeds)
        if self.is_followed:
            self.hub.handle_message(message)

    def act_unheard(self, deeds: list[tuple[int, int]]) -> None:
        self.board.act(*deeds)

    def tick(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.hub.flush_due()

    def leave(self, number: int) -> None:
        self.clients[number].leave(self.hub)

    def come(self, number: int, own_first: bool, meanwhile: list[tuple[int, int]]) -> None:
        client = self.clients[number]
        if not client.is_connected:
            client.connect(self.hub)
            if meanwhile:
                self.act(meanwhile)
        client.resume(self.hub, own_first=own_first)

    def lose_bus(self) -> None:
        self.is_followed = False
        self.hub.handle_lost()

    def find_bus(self) -> None:
        self.is_followed = True
        self.hub.handle_connected()

    def forget_stream(self) -> None:
        self.board.stream.clear()

    def lose_redis(self) -> None:
        self.board.begin_epoch()

    def restart(self) -> None:
        for client in self.clients:
            client.leave(self.hub)
        self.hub = self._start()

    def check(self) -> None:
        """Compare every client with the truth at the positions where it says that it is."""
        for client in self.clients:
            board = client.positions.get(LEADERBOARD)
            # A new epoch begins with what was known of the old one.
            if board in self.board.truth and board[1] > 0:
                rows = self.board.truth[board][: client.limit]
                assert client.rows == {user: (rank, score) for user, rank, score in rows}
            self._check_own(client)
            gaps = zip(client.flushed_at, client.flushed_at[1:], strict=False)
            assert all(later - sooner >= WINDOW_SECONDS - 1e-9 for sooner, later in gaps)

    def check_end(self) -> None:
        """Let everything come to rest, and see that everybody knows everything."""
        self.find_bus()
        self.act([(1, 1), (14, 500)])
        self.tick(WINDOW_SECONDS)
        self.check()
        now = (self.board.epoch, self.board.seq)
        rows = self.board.truth[now]
        for client in self.clients:
            if client.is_connected and client.view is not None:
                known = {user: (rank, score) for user, rank, score in rows[: client.limit]}
                assert client.rows == known
                assert client.total_users == len(rows)
                assert self._count(client, now) == client.merged

    def _start(self) -> Hub:
        hub = Hub(
            self.board,  # type: ignore[arg-type] # a fake
            yield_turn=lambda: None,
            now=lambda: NOW,
            clock=self.clock,
            bounds=BOUNDS,
        )
        self.is_followed = True
        hub.handle_connected()
        return hub

    def _check_own(self, client: Client) -> None:
        assert len(client.told) == len(set(client.told)), "an action was told twice"
        position = client.positions.get(OWN)
        if position is not None and position in self.board.acted:
            assert self._count(client, position) == client.merged

    def _count(self, client: Client, upto: tuple[str, int]) -> int:
        """Return how often the user has acted since the client counts, in this epoch."""
        since, user = client.counted_from, str(client.user_id)
        if since is None or since[0] != upto[0]:
            return client.merged
        acted = self.board.acted
        return acted[upto].get(user, 0) - acted[since].get(user, 0)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(operations, min_size=5, max_size=60))
def test_clients_always_know_the_state_at_their_position_and_each_own_action_once(
    steps: list[tuple[Any, ...]],
) -> None:
    world = World()
    for number in range(3):
        world.come(number, True, [])
    for step in steps:
        world.run(*step)
        world.check()
    world.check_end()
