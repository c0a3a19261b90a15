"""Measures real time on one stack: idle sockets, fan-out, a stalled listener, a cut, and nchan."""

import os
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from bench.costs.statistics import connect_superuser
from bench.generator.job import Report
from bench.generator.percentiles import percentiles_ms
from bench.live.job import LiveJob, LiveReport
from bench.live.listening import finish, listening
from bench.live.load import Load, Probe, make_probe
from bench.live.nchan import Nchan, measure_nchan
from bench.running import Bench
from bench.sent_log import Verdict
from bench.sessions import Plan, open_bench
from local.errors import LocalError
from rig.processes import cpu_seconds, memory_bytes, spent_between

IDLE_SOCKETS, FAN_OUT_SOCKETS, CUT_SOCKETS = 5_000, 1_000, 2_000
SETTLE_SECONDS = 5.0
CUT_AFTER_SECONDS = 5.0
LIVE = "live"
SETTINGS = {"MAX_SOCKETS": "8000"}
_SCORES = "SELECT CAST(user_id AS text), score FROM user_scores"


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Sockets that follow the board while nothing happens."""

    sockets: int
    before_bytes: int  # of the live process without sockets
    bytes: int
    core_share: float
    report: LiveReport


@dataclass(frozen=True, kw_only=True)
class FanOut:
    """Listeners while actions come at a constant rate; `lags_ms` are from a POST to its receipt."""

    sockets: int
    stalled: int
    lags_ms: dict[str, float]
    heard: float  # the share of the probe's changes that reached a listener
    live_cpu_seconds: float
    seconds: float
    listeners: LiveReport
    load: Report
    verdict: Verdict

    @property
    def frame_us(self) -> float:
        """Microseconds of the live process's CPU time for each frame that was received."""
        return self.live_cpu_seconds / max(self.listeners.frames, 1) * 1e6


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Listeners whose live process was killed; `wrong_scores` were told a score that is not so."""

    sockets: int
    listeners: LiveReport
    load: Report
    wrong_scores: int
    verdict: Verdict


@dataclass(kw_only=True)
class Measurements:
    """All that was measured."""

    idle: Idle | None = None
    fan_outs: list[FanOut] = field(default_factory=list)
    nchan: Nchan | str = ""  # why it was not measured, if it was not
    cut: Cut | None = None
    violations: str = ""

    @property
    def holds(self) -> bool:
        """Return whether no action and no event was lost, doubled or told wrong."""
        verdicts = [each.verdict for each in self.fan_outs]
        holes = [each.listeners.holes for each in self.fan_outs]
        if self.cut is not None:
            verdicts.append(self.cut.verdict)
            holes += [self.cut.listeners.holes, self.cut.wrong_scores]
        whole = all(verdict.holds for verdict in verdicts) and not any(holes)
        return whole and not self.violations


def measure_live(plan: Plan, *, rounds: int, console: Console) -> Measurements:
    """Measure everything; `rounds` of fan-out without and with a stalled listener, in turn.

    Raises LocalError when the stack does not start, or for fewer players than there are sockets.
    """
    if plan.players <= IDLE_SOCKETS:
        raise LocalError(f"each of {IDLE_SOCKETS:,} sockets is a player's: --players is too low.")
    found = Measurements()
    with open_bench(plan, plan.root, SETTINGS) as bench:
        bench.warm_up()
        console.print(f"{IDLE_SOCKETS:,} idle sockets ...")
        found.idle = _measure_idle(bench)
        probe = make_probe(bench)
        probe.take_head_start()
        for turn in range(rounds):
            for stalled in (0, 1):
                console.print(
                    f"{FAN_OUT_SOCKETS:,} listeners, {stalled} stalled,"
                    f" turn {turn + 1} of {rounds} ..."
                )
                found.fan_outs.append(_measure_fan_out(bench, probe, stalled, f"{turn}-{stalled}"))
        console.print("The same frames by nchan ...")
        found.nchan = _measure_nchan(bench, found.fan_outs[0])
        console.print(f"{CUT_SOCKETS:,} listeners are cut off ...")
        found.cut = _measure_cut(bench, probe)
        found.violations = bench.stack.find_violations()
    return found


def _job(bench: Bench, sockets: int) -> LiveJob:
    return LiveJob(port=bench.stack.live_port, players=str(bench.players), sockets=sockets)


def _live_roots(bench: Bench) -> dict[int, str]:
    return {pid: kind for pid, kind in bench.stack.process_kinds().items() if kind == LIVE}


def _measure_idle(bench: Bench) -> Idle:
    roots = _live_roots(bench)
    before_bytes = memory_bytes(roots)[LIVE]
    with listening(bench.root, bench.stack.env, _job(bench, IDLE_SOCKETS)) as child:
        time.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(roots)
        time.sleep(bench.seconds)
        used = spent_between(cpu, cpu_seconds(roots))[LIVE]
        memory = memory_bytes(roots)[LIVE]
        report = finish(child)
    return Idle(
        sockets=IDLE_SOCKETS,
        before_bytes=before_bytes,
        bytes=memory,
        core_share=used / bench.seconds,
        report=report,
    )


def _measure_fan_out(bench: Bench, probe: Probe, stalled: int, name: str) -> FanOut:
    roots = _live_roots(bench)
    load = Load(bench, bench.seconds + SETTLE_SECONDS, name)
    job = replace(_job(bench, FAN_OUT_SOCKETS), stalled=stalled)
    with listening(bench.root, bench.stack.env, job) as child, load.running() as sending:
        time.sleep(SETTLE_SECONDS / 2)
        cpu, started = cpu_seconds(roots), time.monotonic()
        with probe.acting():
            time.sleep(bench.seconds)
        used = spent_between(cpu, cpu_seconds(roots))[LIVE]
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS / 4)  # the last change is on its way
        listeners = finish(child)
        report = load.finish(sending)
    lags = [
        at - probe.sent_at[score]
        for score, moments in listeners.seen.items()
        if score in probe.sent_at
        for at in moments
    ]
    expected = FAN_OUT_SOCKETS * len(probe.sent_at)
    verdict = _judge(bench, probe, load)
    return FanOut(
        sockets=FAN_OUT_SOCKETS,
        stalled=stalled,
        lags_ms=percentiles_ms(lags),
        heard=len(lags) / max(expected, 1),
        live_cpu_seconds=used,
        seconds=seconds,
        listeners=listeners,
        load=report,
        verdict=verdict,
    )


def _measure_nchan(bench: Bench, ours: FanOut) -> Nchan | str:
    seen = ours.listeners
    return measure_nchan(
        bench.stack.home.folder,
        bench.root,
        sockets=FAN_OUT_SOCKETS,
        seconds=bench.seconds,
        frame_bytes=seen.frame_bytes // max(seen.frames, 1),
        frames_per_second=seen.frames / ours.sockets / ours.seconds,
    )


def _measure_cut(bench: Bench, probe: Probe) -> Cut:
    scores = bench.stack.home.folder / "told-scores.tsv"
    load = Load(bench, bench.seconds + CUT_AFTER_SECONDS, "cut")
    job = replace(_job(bench, CUT_SOCKETS), scores=str(scores))
    with listening(bench.root, bench.stack.env, job) as child, load.running() as sending:
        time.sleep(CUT_AFTER_SECONDS)
        os.kill(bench.stack.processes()[LIVE], signal.SIGKILL)
        report = load.finish(sending)
        bench.sent_log.wait_until_drained()
        time.sleep(SETTLE_SECONDS)
        listeners = finish(child)
    return Cut(
        sockets=CUT_SOCKETS,
        listeners=listeners,
        load=report,
        wrong_scores=_count_wrong(bench, scores),
        verdict=_judge(bench, probe, load),
    )


def _judge(bench: Bench, probe: Probe, load: Load) -> Verdict:
    bench.sent_log.wait_until_drained()
    probe.write(load.sent_log)
    return bench.sent_log.judge(load.sent_log)


def _count_wrong(bench: Bench, told: Path) -> int:
    """Return how many listeners were last told a score that is not theirs."""
    with connect_superuser(bench.stack) as connection, connection.cursor() as cursor:
        cursor.execute(_SCORES)
        scores = dict(cursor.fetchall())
    rows = [line.split("\t") for line in told.read_text().splitlines()]
    return sum(scores[user_id] != int(score) for user_id, score in rows)
