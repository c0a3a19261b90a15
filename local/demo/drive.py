"""Sends each player's actions when they are due, from a few threads; called by `command`."""

import heapq
import queue
import random
import threading
import time
from datetime import UTC, datetime

from local.demo.client import Client
from local.demo.players import Move, Player
from local.demo.statistics import Statistics

MOST_THREADS = 64
QUEUED_PER_THREAD = 4


class Drive:
    """The players of a demo and the threads that send their actions."""

    def __init__(self, host: str, port: int, players: list[Player], rate: float) -> None:
        self.statistics = Statistics()
        self._address = (host, port)
        self._rate = rate
        self._usual_gap = len(players) / rate
        self._stopped = threading.Event()
        # The tokens of players whose country is known; written by the sending threads.
        self._settled: set[str] = set()
        count = max(4, min(MOST_THREADS, round(rate / 4)))
        self._moves: queue.Queue[Move] = queue.Queue(count * QUEUED_PER_THREAD)
        self._threads = [
            threading.Thread(target=self._send_moves, name=f"sender-{number}", daemon=True)
            for number in range(count)
        ]
        spread = random.Random(len(players))  # noqa: S311 - a game
        self._due = [
            (time.monotonic() + spread.uniform(0, self._usual_gap), number, player)
            for number, player in enumerate(players)
        ]
        heapq.heapify(self._due)

    def start(self) -> None:
        """Start the sending threads."""
        for thread in self._threads:
            thread.start()

    def step(self, seconds: float) -> None:
        """Queue the actions that are due within this time, each at its time."""
        until = time.monotonic() + seconds
        while self._due[0][0] <= until:
            due_at, number, player = self._due[0]
            time.sleep(max(0.0, due_at - time.monotonic()))
            move = player.next_move(due_at, datetime.now(UTC))
            heapq.heapreplace(self._due, (self._next_at(due_at, player), number, player))
            try:
                self._moves.put(move, timeout=max(0.0, until - time.monotonic()))
            except queue.Full:
                return  # the API is slow: actions are delayed, and do not pile up
        time.sleep(max(0.0, until - time.monotonic()))

    def _next_at(self, due_at: float, player: Player) -> float:
        return max(due_at, time.monotonic()) + player.gap_seconds(self._usual_gap)

    def stop(self) -> None:
        """Finish the actions in flight and end the threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(5.0)

    def _send_moves(self) -> None:
        client = Client(*self._address)
        while True:
            try:
                move = self._moves.get(timeout=0.2)
            except queue.Empty:
                if self._stopped.is_set():
                    break
                continue
            self.send(client, move)
        client.close()

    def send(self, client: Client, move: Move) -> None:
        """Send an action, and behind it where the player is from: the first makes the player."""
        answer = client.send(move, self._stopped.is_set)
        self.statistics.add(answer, honest=move.honest)
        if move.country is None or move.token in self._settled:
            return
        if client.set_country(move.token, move.country):
            self._settled.add(move.token)
