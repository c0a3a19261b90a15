"""Runs one scenario: load, a fault in the second third of it, recovery, and all checks."""

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from faults.children import listeners, load
from faults.client import Sent, read_sent
from faults.reconciliation import SentLog, is_unknown
from faults.scenario import Injection, Result, Scenario
from faults.stores import Stores
from faults.system import System
from local.health import Health, ask_health
from local.ports import LOOPBACK
from rig.child import Child
from rig.draining import is_drained, wait_until
from rig.players import Player

LISTENERS = 20
LISTENERS_START_SECONDS = 1.5
HEALTHY_SECONDS = 30.0
LOAD_END_SECONDS = 30.0

# When the last batch that was accepted before the fault ended was finished.
_LAST_DONE = """
SELECT coalesce(extract(epoch FROM max(updated_at)), 0)::float FROM action_batches
WHERE created_at <= to_timestamp(%s) AND updated_at >= to_timestamp(%s)
"""


@dataclass
class ScenarioRunner:
    """The running system, its stores, and the load that every scenario puts on it."""

    root: Path
    folder: Path
    system: System
    stores: Stores
    sent_log: SentLog
    players_file: Path
    players: list[Player]
    rate: float
    seconds: float
    seed: int
    report: Callable[[str], None]

    @property
    def port(self) -> int:
        return self.system.stack.port

    def run(self, scenario: Scenario) -> Result:
        """Run a scenario; its result contains everything that is wrong."""
        chance = random.Random(f"{self.seed}:{scenario.name}")  # noqa: S311 - not a secret
        with ExitStack() as running:
            listening = running.enter_context(Child(self.root, "faults.children.listeners"))
            listening.send_line(self._listeners_job())
            time.sleep(LISTENERS_START_SECONDS)
            sender = running.enter_context(Child(self.root, "faults.children.load"))
            job = self._load_job(scenario.name)
            sender.send_line(json.dumps(asdict(job)))
            injection = self._inject(scenario, chance)
            sender.wait(self.seconds + LOAD_END_SECONDS)
            sent = read_sent(Path(job.sent_log)) + injection.sent
            self.report("checking")
            return self._judge(scenario, injection, sent, listening)

    def _inject(self, scenario: Scenario, chance: random.Random) -> Injection:
        started = time.monotonic()
        third = self.seconds / 3
        if not scenario.whole_run:
            time.sleep(third)
        self.report("fault injected")
        ends_at = started + (self.seconds if scenario.whole_run else 2 * third)
        injection = Injection(self.system, self.stores, self.players, chance, ends_at)
        try:
            scenario.inject(injection)
        finally:
            self.stores.heal()
        injection.healed_at = time.time()
        self.report("fault ended")
        return injection

    def _judge(
        self, scenario: Scenario, injection: Injection, sent: list[Sent], listening: Child
    ) -> Result:
        faults = list(injection.problems)
        if wait_until(self._is_healthy, timeout_seconds=HEALTHY_SECONDS) is None:
            faults.append(f"not healthy after {HEALTHY_SECONDS:g} s: {self._health().wrong}")
        if wait_until(self._is_drained, timeout_seconds=scenario.final_seconds) is None:
            faults.append(f"unfinished batches {scenario.final_seconds:g} s after the load")
        connection = self.stores.connect()
        try:
            verdict = self.sent_log.judge(
                sent,
                connection,
                healed_at=injection.healed_at,
                final_seconds=scenario.final_seconds,
                failing_score=scenario.failing_score,
            )
        finally:
            connection.close()
        faults += verdict.faults
        if wait_until(self._is_drained, timeout_seconds=scenario.final_seconds) is None:
            faults.append("unfinished batches after the last retries")
        recovered = self._seconds_to_recover(injection, sent)
        if recovered > scenario.final_seconds:
            faults.append(f"recovered only after {recovered:.1f} s")
        faults += scenario.find_problems(injection, sent)
        violations = self.system.stack.find_violations()
        faults += [violations] if violations else []
        heard = listeners.Report(**json.loads(listening.finish()))
        faults += [f"a listener missed an event: {gap}" for gap in heard.gaps]
        if not scenario.lowers_scores:
            faults += [f"a score went down for a listener: {step}" for step in heard.regressions]
        if heard.wrong_boards:
            faults.append(f"{heard.wrong_boards} listeners show a board that differs from the API")
        if heard.connections < LISTENERS:
            faults.append(f"only {heard.connections} listeners were connected")
        return Result(
            name=scenario.name,
            verdict=verdict,
            seconds_to_recover=round(recovered, 1),
            listeners=heard,
            faults=faults,
        )

    def _seconds_to_recover(self, injection: Injection, sent: list[Sent]) -> float:
        """Return the seconds from the end of the fault until all its effects had ended.

        These are: unfinished batches that were accepted before, and requests answered with 5xx.
        """
        failed = [one.sent_at for one in sent if is_unknown(one.status)]
        connection = self.stores.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(_LAST_DONE, (injection.healed_at, injection.healed_at))
                (done_at,) = cursor.fetchone() or (0.0,)
        finally:
            connection.close()
        return float(max(done_at, *failed, injection.healed_at) - injection.healed_at)

    def _health(self) -> Health:
        return ask_health(LOOPBACK, self.port)

    def _is_healthy(self) -> bool:
        return self._health().is_ok

    def _is_drained(self) -> bool:
        connection = self.stores.connect()
        try:
            return is_drained(connection)
        finally:
            connection.close()

    def _load_job(self, name: str) -> load.Job:
        return load.Job(
            port=self.port,
            players=str(self.players_file),
            sent_log=str(self.folder / "sent.tsv"),
            rate=self.rate,
            seconds=self.seconds,
            seed=f"{self.seed}:{name}",
        )

    def _listeners_job(self) -> str:
        job = listeners.Job(
            port=self.port,
            live_port=self.system.stack.live_port,
            players=str(self.players_file),
            count=LISTENERS,
        )
        return json.dumps(asdict(job))
