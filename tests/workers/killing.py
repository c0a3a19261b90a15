"""Kills the process at one point of one link: before, inside and after what the link leaves behind.

Used by `sabotage.py`. A link of PostgreSQL leaves a commit; refresh and broadcast leave what their
script did, and then the move of the stage.
"""

import itertools
import os
import re
import signal
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery.signals import task_success
from sqlalchemy import Engine, event

from domain.actions.chain import Link
from domain.actions.model import LinkOutcome
from domain.rankings.closing import closing
from domain.rankings.ledger import building, reading
from domain.rankings.ledger.chunks import ChunkBuilder
from domain.store.postgres.statements import HotStatement
from domain.store.redis.client import RedisClient
from workers.chain import RUNNERS
from workers.context import WorkerContext
from workers.tasks import TASKS
from workers.upkeep import boards, periods

# `inside`: after the first write, of a row or by the script. `before_commit`: refresh and broadcast
# have no transaction for it, so before the one statement. `next_published`: the task is over.
POINTS = ("before", "inside", "before_commit", "after_commit", "next_published")
_WRITE = re.compile(r"\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b")


class _Here(threading.local):
    """What this thread is doing: the heartbeat of the same process writes and commits too."""

    is_in_link = False
    has_written = False


def kill_at(link: Link, point: str) -> None:
    """Let this process die at this point of the link."""
    here = _Here()
    _wrap(link, here, dies_before=point == "before", dies_after=point == "after_commit")
    if point == "inside":
        _die_of_writing(here)
    elif point == "before_commit" and link.needs_redis:
        _listen("before", _on_write(here, _die))
    elif point == "before_commit":
        _listen("before", _on_write(here, lambda: _note(here)))
        # The event comes before the COMMIT is sent.
        event.listen(Engine, "commit", lambda _: _die_if(here.has_written))
    elif point == "next_published":
        _die_of_success(TASKS[link].name)


def kill_in_closing(point: str) -> None:
    """Let this process die when it seals a ranking: at this function's call, or right after it."""
    name, _, when = point.partition(":")
    module = periods if name == "announce" else closing
    run = getattr(module, name)

    def run_and_die(*args: Any, **arguments: Any) -> None:
        if when == "after":
            run(*args, **arguments)
        _die()

    setattr(module, name, run_and_die)


def kill_in_building(point: str) -> None:
    """Let this process die when it builds a version of a board, of which a chunk is two players.

    Before the second chunk is written, in its transaction, after it, or before the switch.
    """
    reading.CHUNK_PLAYERS = 2
    calls = itertools.count(1)
    owner, name, dies_before = {
        "before chunk": (ChunkBuilder, "write", True),
        "in chunk": (ChunkBuilder, "write", False),
        "after chunk": (building, "_write", False),
        "before switch": (boards, "make_live", True),
    }[point]
    run = getattr(owner, name)

    def run_and_die(*args: Any, **arguments: Any) -> Any:
        is_last = name == "make_live" or next(calls) == 2
        _die_if(dies_before and is_last)
        outcome = run(*args, **arguments)
        _die_if(is_last)
        return outcome

    setattr(owner, name, run_and_die)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_if(reason: bool) -> None:
    if reason:
        _die()


def _note(here: _Here) -> None:
    here.has_written = True


def _wrap(link: Link, here: _Here, *, dies_before: bool, dies_after: bool) -> None:
    run_link = RUNNERS[link]

    def run(context: WorkerContext, batch_id: UUID) -> LinkOutcome:
        if dies_before:
            _die()
        here.is_in_link = True
        outcome = run_link(context, batch_id)
        here.is_in_link = False
        if dies_after:
            _die()
        return outcome

    RUNNERS[link] = run


def _die_of_writing(here: _Here) -> None:
    _listen("after", _on_write(here, _die))
    run_script = RedisClient.run_script

    def run_and_die(gate: RedisClient, name: str, keys: Any, args: Any) -> Any:
        answer = run_script(gate, name, keys, args)
        if here.is_in_link:
            _die()
        return answer

    RedisClient.run_script = run_and_die  # type: ignore  # only in this process


def _listen(when: str, act: Callable[..., None]) -> None:
    """Call `act` before or after every statement, those included that pass SQLAlchemy by."""
    event.listen(Engine, f"{when}_cursor_execute", act)
    run_hot = HotStatement.run

    def run(statement: HotStatement, connection: Any, parameters: Any) -> Any:
        if when == "before":
            act(connection, None, statement.text)
        cursor = run_hot(statement, connection, parameters)
        if when == "after":
            act(connection, cursor, statement.text)
        return cursor

    HotStatement.run = run  # type: ignore  # only in this process


def _on_write(here: _Here, act: Callable[[], None]) -> Callable[..., None]:
    """Return a listener that acts when the link's thread writes to PostgreSQL."""

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if here.is_in_link and _WRITE.search(statement):
            act()

    return listen


def _die_of_success(task: str) -> None:
    def die(sender: Any, **_: Any) -> None:
        if sender.name == task:
            _die()

    task_success.connect(die, weak=False)
