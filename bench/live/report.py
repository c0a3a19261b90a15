"""The tables of real time."""

from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from bench.live.nchan import Nchan
from bench.live.run import Cut, FanOut, Idle, Measurements
from bench.reporting.outcome import Grid, Outcome, short
from bench.standard import describe_run

MEGABYTE = 1e6


def describe_live(
    found: Measurements, machine: dict[str, Any], settings: dict[str, Any]
) -> Outcome:
    """Return the outcome of all measurements."""
    grids, lines = [], []
    if found.idle is not None:
        grids.append(_idle(found.idle))
    if found.fan_outs:
        grids.append(_fan_out(found.fan_outs))
        lines.append(_compare_stalled(found.fan_outs))
    if found.cut is not None:
        grids.append(_cut(found.cut))
    if isinstance(found.nchan, Nchan):
        grids.append(_nchan(found.fan_outs, found.nchan))
    else:
        lines.append(found.nchan)
    runs = [*(each.listeners for each in found.fan_outs), found.cut and found.cut.listeners]
    lines += [f"A hole {run.hole}" for run in runs if run and run.hole]
    lines += [found.violations] if found.violations else []
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "live": asdict(found),
            "holds": found.holds,
        },
        heading=describe_run(machine, settings),
        grids=grids,
        lines=lines,
        draw=_draw_nothing,
        holds=found.holds,
    )


def _draw_nothing(_path: Path) -> None:
    """There is no chart of this."""


def _idle(idle: Idle) -> Grid:
    each = (idle.bytes - idle.before_bytes) / idle.sockets / 1024
    head = ("sockets", "MB", "MB without", "KB a socket", "% of a core", "connected in s")
    cells = (
        f"{idle.sockets:,}",
        short(idle.bytes / MEGABYTE),
        short(idle.before_bytes / MEGABYTE),
        short(each),
        short(idle.core_share * 100),
        short(idle.report.connect_seconds),
    )
    return Grid("Idle sockets that follow the board, in one live process", head, [cells])


def _fan_out(runs: list[FanOut]) -> Grid:
    head = (
        "listeners", "stalled", "p50 ms", "p99 ms", "max ms", "heard %", "frames/s", "µs a frame",
        "% of a core", "POST p99 ms", "holes",
    )  # fmt: skip
    rows = [
        (
            f"{each.sockets:,}",
            str(each.stalled),
            *(short(each.lags_ms.get(name, 0.0)) for name in ("p50", "p99", "max")),
            short(each.heard * 100),
            short(each.listeners.frames / each.seconds),
            short(each.frame_us),
            short(each.live_cpu_seconds / each.seconds * 100),
            short(each.load.latencies_ms.get("p99", 0.0)),
            str(each.listeners.holes),
        )
        for each in runs
    ]
    return Grid("From a POST to each listener, while actions come at 500/s", head, rows)


def _compare_stalled(runs: list[FanOut]) -> str:
    without, beside = (
        median(each.lags_ms.get("p99", 0.0) for each in runs if each.stalled == stalled)
        for stalled in (0, 1)
    )
    ratio = beside / without if without else 0.0
    return f"A stalled listener: p99 of the others {ratio:.2f} × (medians of the turns)."


def _cut(cut: Cut) -> Grid:
    back = cut.listeners.back_seconds
    head = (
        "listeners", "cut off", "back p50 s", "p99 s", "last s", "channels resumed", "restarted",
        "holes", "wrong scores", "POST p99 ms", "lost actions",
    )  # fmt: skip
    cells = (
        f"{cut.sockets:,}",
        f"{cut.listeners.lost:,}",
        *(short(back.get(name, 0.0)) for name in ("p50", "p99", "max")),
        f"{cut.listeners.recovered:,}",
        f"{cut.listeners.restarted:,}",
        str(cut.listeners.holes),
        str(cut.wrong_scores),
        short(cut.load.latencies_ms.get("p99", 0.0)),
        str(cut.verdict.lost),
    )
    return Grid("The live process is killed while actions come at 500/s", head, [cells])


def _nchan(runs: list[FanOut], nchan: Nchan) -> Grid:
    head = ("server", "listeners", "first to last p50 ms", "p99 ms", "µs a frame", "bytes a frame")
    ours = [
        (
            "Laurel",
            f"{each.sockets:,}",
            *(short(each.listeners.spreads_ms.get(name, 0.0)) for name in ("p50", "p99")),
            short(each.frame_us),
            short(each.listeners.frame_bytes / max(each.listeners.frames, 1)),
        )
        for each in runs
        if not each.stalled
    ]
    theirs = (
        "nginx with nchan",
        f"{nchan.sockets:,}",
        *(short(nchan.listeners.spreads_ms.get(name, 0.0)) for name in ("p50", "p99")),
        short(nchan.frame_us),
        short(nchan.listeners.frame_bytes / max(nchan.listeners.frames, 1)),
    )
    return Grid("Fan-out of frames of one size", head, [*ours, theirs])
