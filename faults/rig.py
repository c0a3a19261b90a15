"""Runs one scenario: load, the fault at a third, healed at two thirds, then every check."""

import json
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from faults.child import Child
from faults.children import listeners, load
from faults.client import Sent, read_sent
from faults.model import Result, Scenario, Strike
from faults.reconciliation import Ledger, is_unknown
from faults.stores import Stores
from faults.system import System
from local.health import Health, ask_health
from local.ports import LOOPBACK
from rig.traffic import Player

LISTENERS = 20
LISTENERS_START_SECONDS = 1.5
HEALTHY_SECONDS = 30.0
LOAD_END_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1

_UNFINISHED = "SELECT count(*) FROM action_batches WHERE stage NOT IN ('done', 'split')"
# What was taken before the healing, and when the last of it came to its end.
_LAST_DONE = """
SELECT coalesce(extract(epoch FROM max(updated_at)), 0)::float FROM action_batches
WHERE created_at <= to_timestamp(%s) AND updated_at >= to_timestamp(%s)
"""


@dataclass
class Rig:
    """The running system, its stores, and how it is loaded."""

    root: Path
    folder: Path
    system: System
    stores: Stores
    ledger: Ledger
    players_file: Path
    players: list[Player]
    rate: float
    seconds: float
    seed: int
    say: Callable[[str], None]

    @property
    def port(self) -> int:
        return self.system.stack.port

    def run(self, scenario: Scenario) -> Result:
        """Run it to the end; whatever is wrong is in the result."""
        chance = random.Random(f"{self.seed}:{scenario.name}")  # noqa: S311 - not a secret
        with ExitStack() as running:
            ears = running.enter_context(Child(self.root, "faults.children.listeners"))
            ears.tell(self._listeners_job())
            time.sleep(LISTENERS_START_SECONDS)
            sender = running.enter_context(Child(self.root, "faults.children.load"))
            job = self._load_job(scenario.name)
            sender.tell(json.dumps(asdict(job)))
            strike = self._strike(scenario, chance)
            sender.wait(self.seconds + LOAD_END_SECONDS)
            sent = read_sent(Path(job.ledger)) + strike.sent
            self.say("checking")
            return self._judge(scenario, strike, sent, ears)

    def _strike(self, scenario: Scenario, chance: random.Random) -> Strike:
        started = time.monotonic()
        third = self.seconds / 3
        if not scenario.whole_run:
            time.sleep(third)
        self.say("broken")
        ends_at = started + (self.seconds if scenario.whole_run else 2 * third)
        strike = Strike(self.system, self.stores, self.players, chance, ends_at)
        try:
            scenario.strike(strike)
        finally:
            self.stores.heal()
        strike.healed_at = time.time()
        self.say("healed")
        return strike

    def _judge(self, scenario: Scenario, strike: Strike, sent: list[Sent], ears: Child) -> Result:
        faults = list(strike.problems)
        if not _wait_until(self._is_well, HEALTHY_SECONDS):
            faults.append(f"not well after {HEALTHY_SECONDS:g} s: {self._health().wrong}")
        if not _wait_until(self._is_quiet, scenario.final_seconds):
            faults.append(f"batches not done {scenario.final_seconds:g} s after the load")
        connection = self.stores.connect()
        try:
            verdict = self.ledger.judge(
                sent,
                connection,
                healed_at=strike.healed_at,
                final_seconds=scenario.final_seconds,
                failing_score=scenario.failing_score,
            )
        finally:
            connection.close()
        faults += verdict.faults
        if not _wait_until(self._is_quiet, scenario.final_seconds):
            faults.append("batches not done after the last retries")
        recovered = self._seconds_to_recover(strike, sent)
        if recovered > scenario.final_seconds:
            faults.append(f"recovered only after {recovered:.1f} s")
        faults += scenario.find_problems(strike, sent)
        faults += self._verify()
        heard = listeners.Report(**json.loads(ears.finish()))
        faults += [f"a listener missed something: {hole}" for hole in heard.holes]
        faults += [f"a listener's board went back: {step}" for step in heard.steps_back]
        if heard.wrong_boards:
            faults.append(f"{heard.wrong_boards} listeners show another board than the API")
        if heard.connections < LISTENERS:
            faults.append(f"only {heard.connections} listeners were connected")
        return Result(
            name=scenario.name,
            verdict=verdict,
            seconds_to_recover=round(recovered, 1),
            listeners=heard,
            faults=faults,
        )

    def _seconds_to_recover(self, strike: Strike, sent: list[Sent]) -> float:
        """Return when the last action from before the healing was done, and the last 5xx sent."""
        failed = [one.sent_at for one in sent if is_unknown(one.status)]
        connection = self.stores.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_LAST_DONE, (strike.healed_at, strike.healed_at))
                (done_at,) = cursor.fetchone() or (0.0,)
        finally:
            connection.close()
        return float(max(done_at, *failed, strike.healed_at) - strike.healed_at)

    def _verify(self) -> list[str]:
        """Return what the product's own invariants find broken."""
        stack = self.system.stack
        done = subprocess.run(
            ["flask", "--app", "wsgi", "verify"],
            cwd=self.root,
            env=dict(stack.env),
            capture_output=True,
            text=True,
            check=False,
        )
        return [] if done.returncode == 0 else [f"verify: {done.stdout}{done.stderr[-1000:]}"]

    def _health(self) -> Health:
        return ask_health(LOOPBACK, self.port)

    def _is_well(self) -> bool:
        return self._health().is_ok

    def _is_quiet(self) -> bool:
        connection = self.stores.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_UNFINISHED)
                return cursor.fetchone() == (0,)
        finally:
            connection.close()

    def _load_job(self, name: str) -> load.Job:
        return load.Job(
            port=self.port,
            players=str(self.players_file),
            ledger=str(self.folder / "ledger.tsv"),
            rate=self.rate,
            seconds=self.seconds,
            seed=f"{self.seed}:{name}",
        )

    def _listeners_job(self) -> str:
        job = listeners.Job(
            port=self.port,
            live_port=int(self.system.stack.env["LIVE_PORT"]),
            players=str(self.players_file),
            count=LISTENERS,
        )
        return json.dumps(asdict(job))


def _wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
