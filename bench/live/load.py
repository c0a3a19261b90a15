"""What runs beside the listeners: a constant load, and one player whose actions are looked for."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from bench.arms import Arm
from bench.generator.job import Report
from bench.running import MARGIN_SECONDS, Bench, make_job
from bench.setups import GENERATOR
from local.ports import LOOPBACK
from rig.actions import Actions, Entry, encode_members
from rig.child import Child
from rig.http_messages import BROKEN
from rig.players import Player, read_players

RATE = 500.0
# Enough for a stall of 1.5 s, and for answers that take 2 s now and then.
LOAD = Arm(name="load", kind="single", connections=750, rate=RATE)
LEAD_SECONDS = 2.0
PROBE_SECONDS = 0.5
PROBE_POINTS = 1000
# So many points ahead of everybody that the probing player is always in view.
HEAD_START_ACTIONS = 1000
ANSWER_SECONDS = 15.0


class Probe:
    """A player who acts every PROBE_SECONDS; `sent_at` has when each new score was asked for."""

    def __init__(self, port: int, player: Player):
        self.sent: list[tuple[Entry, int]] = []
        self.sent_at: dict[str, float] = {}
        self._player = player
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
        self._actions = Actions()
        self._stopped = threading.Event()

    def take_head_start(self) -> None:
        """Apply many actions at once, so that the player leads the board."""
        made = [self._make() for _ in range(HEAD_START_ACTIONS)]
        body = ",".join(f"{{{members}}}" for members, _ in made)
        status, _ = self._post("/api/actions/batch", f'{{"actions":[{body}]}}')
        self.sent += [(entry, status) for _, entry in made]

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Act in a thread of its own."""
        self._stopped.clear()
        thread = threading.Thread(target=self._act, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def write(self, sent_log: Path) -> None:
        """Add what was sent to a sent log, and forget it."""
        with sent_log.open("a") as file:
            for (action_id, _, score), status in self.sent:
                file.write(f"{action_id}\t{self._player.user_id}\t{score}\t{status}\n")
        self.sent.clear()
        self.sent_at.clear()

    def _act(self) -> None:
        while not self._stopped.wait(PROBE_SECONDS):
            members, entry = self._make()
            at = time.time()
            status, answer = self._post("/api/actions/complete", f"{{{members}}}")
            self.sent.append((entry, status))
            if status == http.client.OK:
                self.sent_at[str(answer["newScore"])] = at

    def _make(self) -> tuple[str, Entry]:
        _, (action_id, number, _) = self._actions.make(0)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return encode_members(action_id, PROBE_POINTS, stamp), (action_id, number, PROBE_POINTS)

    def _post(self, path: str, body: str) -> tuple[int, dict[str, object]]:
        headers = {
            "Authorization": f"Bearer {self._player.token}",
            "Content-Type": "application/json",
        }
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return BROKEN, {}


def make_probe(bench: Bench) -> Probe:
    """Return the probe: the first player of the bench."""
    return Probe(bench.stack.port, read_players(bench.players)[0][0])


class Load:
    """Actions at a constant rate; `finish` returns what the generator measured."""

    def __init__(self, bench: Bench, seconds: float, name: str):
        self.sent_log = bench.stack.home.folder / f"sent-{name}.tsv"
        self._job = replace(
            make_job(bench, LOAD),
            seconds=seconds,
            lead_seconds=LEAD_SECONDS,
            sent_log=str(self.sent_log),
            slice_seconds=1.0,
        )
        self._bench = bench

    @contextmanager
    def running(self) -> Iterator[Child]:
        """Start sending; the load has reached its rate when this returns."""
        with Child(self._bench.root, *GENERATOR, env=self._bench.stack.env) as generator:
            generator.send_line(json.dumps(asdict(self._job)))
            generator.run_for(LEAD_SECONDS)
            yield generator

    def finish(self, generator: Child) -> Report:
        """Wait for the end, and return its report."""
        return Report(**json.loads(generator.finish(self._job.seconds + MARGIN_SECONDS)))
