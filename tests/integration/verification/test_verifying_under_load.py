"""Verification while actions go on: what is on its way is no damage."""

import threading
from uuid import uuid4

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.waiting import wait_until
from workers.context import WorkerContext


def test_a_busy_system_is_found_sound(worker_context: WorkerContext) -> None:
    store, folder = worker_context.store, worker_context.settings.archive_path
    rebuild_board(store, board=GLOBAL_BOARD)
    players = [uuid4() for _ in range(20)]
    stopping = threading.Event()
    batches: list[int] = []

    def play() -> None:
        while not stopping.is_set():
            actions = [make_action(user_id=player, score=1) for player in players]
            complete_actions(worker_context, actions)
            batches.append(len(actions))

    threads = [threading.Thread(target=play, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            seen = len(batches)
            reports = verify(store, archive_path=folder, wait_seconds=0)
            assert [report.findings for report in reports if not report.holds] == []
            wait_until(lambda before=seen: len(batches) > before)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(timeout=20)
    assert len(batches) > 8
