"""`python -m faults.children.listeners`: sockets that follow the board until stdin is closed.

The first line of stdin is the job, the output is the report, both as JSON. A listener reconnects
when its connection ends, as a client does.
"""

import http.client
import json
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from simple_websocket import Client, ConnectionClosed
from simple_websocket import ConnectionError as RefusedError

from faults.listener_view import BOARD_ROWS, ListenerView, Row
from local.ports import LOOPBACK
from rig.players import Player, read_players

RECONNECT_SECONDS = 0.5
CHECK_EVERY_SECONDS = 0.2
AGREE_SECONDS = 10.0
SUBSCRIBE = json.dumps({"op": "subscribe", "id": 1, "channel": "leaderboard", "limit": BOARD_ROWS})


@dataclass(frozen=True, kw_only=True)
class Job:
    """How many players listen, and where."""

    port: int
    live_port: int
    players: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """What all listeners received together."""

    events: int
    connections: int
    snapshots: int
    gaps: list[str]
    regressions: list[str]
    wrong_boards: int  # listeners whose board differs from the API's at the end


class Listener:
    """The socket of one player, opened again whenever it ends."""

    def __init__(self, port: int, player: Player):
        self.view = ListenerView()
        self.connections = 0
        self._url = f"ws://{LOOPBACK}:{port}/ws"
        self._headers = {"Authorization": f"Bearer {player.token}"}
        self._stopping = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Do not reconnect any more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                socket = Client(self._url, subprotocols=["laurel.v1"], headers=self._headers)
            except (OSError, RefusedError):
                self._stopping.wait(RECONNECT_SECONDS)
                continue
            self.connections += 1
            try:
                self._listen(socket)
            except ConnectionClosed:
                self._stopping.wait(RECONNECT_SECONDS)

    def _listen(self, socket: Client) -> None:
        socket.send(SUBSCRIBE)
        while not self._stopping.is_set():
            message = socket.receive(timeout=CHECK_EVERY_SECONDS)
            if message is not None and not self.view.apply(json.loads(message)):
                socket.send(SUBSCRIBE)


def _read_board(port: int, player: Player) -> list[Row] | None:
    """Return the board from the API, or None while it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5.0)
    try:
        path = f"/api/leaderboard?limit={BOARD_ROWS}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {player.token}"})
        answer = json.loads(connection.getresponse().read())
        return [(row["rank"], row["userId"], row["score"]) for row in answer["leaderboard"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None
    finally:
        connection.close()


def _count_wrong(listeners: list[Listener], port: int, player: Player) -> int:
    """Return how many boards still differ from the API's after AGREE_SECONDS."""
    deadline = time.monotonic() + AGREE_SECONDS
    while True:
        board = _read_board(port, player)
        wrong = sum(listener.view.board() != board for listener in listeners)
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(CHECK_EVERY_SECONDS)


def main() -> None:
    """Listen until stdin is closed, compare the boards, print the report."""
    job = Job(**json.loads(sys.stdin.readline()))
    players = read_players(Path(job.players))[0][: job.count]
    listeners = [Listener(job.live_port, player) for player in players]
    sys.stdin.read()
    wrong_boards = _count_wrong(listeners, job.port, players[0])
    for listener in listeners:
        listener.stop()
    report = Report(
        events=sum(listener.view.events for listener in listeners),
        connections=sum(listener.connections for listener in listeners),
        snapshots=sum(listener.view.snapshots for listener in listeners),
        gaps=[gap for listener in listeners for gap in listener.view.gaps],
        regressions=[step for listener in listeners for step in listener.view.regressions],
        wrong_boards=wrong_boards,
    )
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
