"""As `python -m`: sockets that listen to the board until stdin closes, then report.

Job as JSON in the first line of stdin, report as JSON on stdout. A listener that is cut off comes
back, as a client does.
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

from faults.client import HOST, read_players
from faults.view import BOARD_ROWS, Row, View
from rig.traffic import Player

COME_BACK_SECONDS = 0.5
LOOK_EVERY_SECONDS = 0.2
AGREE_SECONDS = 10.0
SUBSCRIBE = json.dumps({"op": "subscribe", "id": 1, "channel": "leaderboard", "limit": BOARD_ROWS})


@dataclass(frozen=True, kw_only=True)
class Job:
    """Who listens, and where."""

    port: int
    live_port: int
    players: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the listeners saw, all together."""

    events: int
    connections: int
    snapshots: int
    holes: list[str]
    steps_back: list[str]
    wrong_boards: int  # listeners whose board in the end is not that of the API


class Listener:
    """One player's socket, opened again whenever it ends."""

    def __init__(self, port: int, player: Player):
        self.view = View()
        self.connections = 0
        self._url = f"ws://{HOST}:{port}/ws"
        self._headers = {"Authorization": f"Bearer {player.token}"}
        self._stopping = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Come back no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                socket = Client(self._url, subprotocols=["laurel.v1"], headers=self._headers)
            except (OSError, RefusedError):
                self._stopping.wait(COME_BACK_SECONDS)
                continue
            self.connections += 1
            try:
                self._listen(socket)
            except ConnectionClosed:
                self._stopping.wait(COME_BACK_SECONDS)

    def _listen(self, socket: Client) -> None:
        socket.send(SUBSCRIBE)
        while not self._stopping.is_set():
            message = socket.receive(timeout=LOOK_EVERY_SECONDS)
            if message is not None and not self.view.take(json.loads(message)):
                socket.send(SUBSCRIBE)


def _read_board(port: int, player: Player) -> list[Row] | None:
    """Return the board as the API has it, None while it does not answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5.0)
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
    """Return how many do not come to show the API's board within some seconds of quiet."""
    deadline = time.monotonic() + AGREE_SECONDS
    while True:
        board = _read_board(port, player)
        wrong = sum(listener.view.board() != board for listener in listeners)
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(LOOK_EVERY_SECONDS)


def main() -> None:
    """Listen until stdin closes, compare boards, report."""
    job = Job(**json.loads(sys.stdin.readline()))
    players = read_players(Path(job.players))[: job.count]
    listeners = [Listener(job.live_port, player) for player in players]
    sys.stdin.read()
    wrong_boards = _count_wrong(listeners, job.port, players[0])
    for listener in listeners:
        listener.stop()
    report = Report(
        events=sum(listener.view.events for listener in listeners),
        connections=sum(listener.connections for listener in listeners),
        snapshots=sum(listener.view.snapshots for listener in listeners),
        holes=[hole for listener in listeners for hole in listener.view.holes],
        steps_back=[step for listener in listeners for step in listener.view.steps_back],
        wrong_boards=wrong_boards,
    )
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
