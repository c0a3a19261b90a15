"""`python -m bench.live`: many listeners; reads a job from stdin, prints a report at the end."""

import asyncio
import gc
import json
import resource
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from bench.generator.percentiles import nearest_rank, percentiles_ms
from bench.live.job import READY, LiveJob, LiveReport
from bench.live.listener import Listener
from bench.live.seen import Seen
from local.ports import LOOPBACK
from rig.players import Player, read_players

CONNECTING_AT_ONCE = 100
COMING_BACK_SECONDS = 60.0


def main() -> None:
    """Run the job and print its report."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    job = LiveJob(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(asyncio.run(_listen(job)))))


async def _listen(job: LiveJob) -> LiveReport:
    seen = Seen()
    players: list[Player | None] = [None] * job.sockets
    if job.players:
        acting = [player for player in read_players(Path(job.players))[0] if player.token]
        # The first one probes; see `run.py`.
        seen.probing = acting[0].user_id
        players = [*acting[1 : job.sockets + 1]]
    address = (LOOPBACK, job.port)
    started = time.monotonic()
    listeners = [Listener(address, job.path, player, seen) for player in players]
    await _connect(listeners)
    connect_seconds = time.monotonic() - started
    stalled = [
        Listener(address, job.path, player, Seen(), stalls=True)
        for player in players[: job.stalled]
    ]
    await _connect(stalled)
    gc.freeze()
    gc.disable()  # a pause would be measured as latency
    cpu = time.process_time()
    print(READY, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    used = time.process_time() - cpu
    with suppress(TimeoutError):
        async with asyncio.timeout(COMING_BACK_SECONDS):
            await asyncio.gather(*(each.is_open.wait() for each in listeners))
    open_at_end = sum(each.is_open.is_set() for each in listeners)
    for each in (*listeners, *stalled):
        each.leave()
    seen.finish()
    if job.scores:
        _write_scores(Path(job.scores), listeners)
    return _report(seen, connect_seconds, open_at_end, used)


async def _connect(listeners: list[Listener]) -> None:
    turns = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connect(listener: Listener) -> None:
        async with turns:
            await listener.connect()
            await listener.is_open.wait()

    await asyncio.gather(*map(connect, listeners))


def _report(seen: Seen, connect_seconds: float, open_at_end: int, cpu: float) -> LiveReport:
    back = sorted(seen.back_seconds)
    return LiveReport(
        connect_seconds=round(connect_seconds, 2),
        frames=seen.frames,
        frame_bytes=seen.bytes,
        seen=seen.scores,
        spreads_ms=percentiles_ms(seen.spreads),
        recovered=seen.recovered,
        restarted=seen.restarted,
        holes=seen.holes,
        hole=seen.hole,
        back_seconds={
            name: round(nearest_rank(back, share), 2)
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
            if back
        },
        lost=seen.lost,
        open_at_end=open_at_end,
        cpu_seconds=round(cpu, 2),
    )


def _write_scores(path: Path, listeners: list[Listener]) -> None:
    with path.open("w") as file:
        for each in listeners:
            if each.player is not None and each.score is not None:
                file.write(f"{each.player.user_id}\t{each.score}\n")


if __name__ == "__main__":
    main()
