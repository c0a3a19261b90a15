"""The ranks of the players who listen here, compared once a second with what each was told.

A bus message tells those who acted. Whom others moved is found here; used by the hub.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Protocol
from uuid import UUID

from domain.boards.model import Held, Standing
from domain.events.changes import RankChanged, ScoreUpdated
from domain.store.redis.bulk_reads import MAX_HELD
from web.live.board_source import SQL_SHARE, BoardSource

Told = Held | None
"""What a player was told last; None when that is not known, or was not all."""
LOOK_SECONDS = 1.0
# A player's own action is told by its message, which follows the change of the score; one whose
# message does not come in this time was changed by something else.
MESSAGE_SECONDS = 3.0


class Teller(Protocol):
    """The hub, as the watch needs it: who is there, and how they are told."""

    @property
    def hold(self) -> AbstractContextManager[object]:
        """Held while players are told, so that nobody else tells meanwhile."""

    def list_users(self) -> Iterable[UUID]:
        """Return the players who have listeners."""

    def can_tell(self, user_id: UUID) -> bool:
        """Return whether the player can be told at this moment."""

    def tell(self, moved: Sequence[RankChanged]) -> None:
        """Tell players how they stand; may switch greenlets."""


class StandingsWatch:
    """What the players who listen were told of their ranks; belongs to one event loop.

    `learn` and `look` may switch greenlets, the other methods may not. `clock` is monotonic, in
    seconds.
    """

    def __init__(self, source: BoardSource, *, clock: Callable[[], float] = time.monotonic):
        self._source = source
        self._clock = clock
        self._told: dict[UUID, Told] = {}
        # Whose score was seen to have changed, and when that was: a message is about to tell it.
        self._acting: dict[UUID, float] = {}
        self._is_changed = False
        self._due = 0.0
        # Called when there is something to look at, which `seconds_to_look` says when.
        self.on_changed: Callable[[], None] = lambda: None

    def learn(self, user_id: UUID) -> None:
        """Take what a player without listeners holds now for known; one is about to come.

        From now on bus messages have the player's ranks.
        Whatever that asks elsewhere after its welcome is newer, so no change after it is lost.
        """
        self._told.pop(user_id, None)
        held = self._source.greet(user_id)
        # Another one may have come during the read.
        self._told.setdefault(user_id, held)

    def note(self, user_id: UUID, events: Iterable[ScoreUpdated | RankChanged]) -> None:
        """These are being sent to the player's listeners."""
        for event in events:
            is_whole = event.new_rank is not None
            self._told[user_id] = Held(event.new_rank, event.new_score) if is_whole else None
            self._acting.pop(user_id, None)
            # What is being read may be of before it, or of after it.
            self.mark_changed()

    def mark_changed(self) -> None:
        """Somebody's rank may have changed: look again when it is time."""
        if not self._is_changed:
            self._is_changed = True
            self.on_changed()

    def seconds_to_look(self) -> float:
        """Return after how many seconds to look, unless `on_changed` is called before.

        The first change is looked at at once, then one look a second is enough.
        """
        left = max(0.0, self._due - self._clock())
        return left if self._is_changed else max(left, LOOK_SECONDS)

    def note_standings(self, standings: Mapping[UUID, Standing]) -> None:
        """All listeners of these players are being sent how they stand."""
        for user_id, standing in standings.items():
            if user_id in self._told:
                self._told[user_id] = Held(standing.rank, standing.score)
        self.mark_changed()

    def look(self, teller: Teller, *, is_followed: bool) -> None:
        """Tell those who hold another rank than they were told; LOOK_SECONDS apart.

        Nothing is read when nothing has changed since the last look, unless the bus is not
        followed; and SQL, which counts ranks, is read for SQL_SHARE of the time at most. Raises
        DatabaseUnavailableError; the next call then goes on.
        """
        began_at = self._clock()
        if began_at < self._due or (is_followed and not self._is_changed):
            return
        self._is_changed = False
        sql_seconds = 0.0
        try:
            for told in self._list_parts(teller.list_users()):
                began = self._clock()
                found = self._source.find_moved(told)
                with teller.hold:
                    moved = [*self._settle(told, found.held, teller.can_tell)]
                    if moved:
                        teller.tell(moved)
                if found.asked_sql:
                    sql_seconds += self._clock() - began
        except BaseException:
            self._is_changed = True
            raise
        finally:
            sql_due = self._clock() + sql_seconds / SQL_SHARE - sql_seconds
            self._due = max(began_at + LOOK_SECONDS, sql_due)

    def _list_parts(self, present: Iterable[UUID]) -> Iterator[Mapping[UUID, Told]]:
        """Yield what players were told, MAX_HELD at once; without those who are on no rank.

        They come onto the board by an action of their own, of which a message tells. Those who are
        not present any more are forgotten.
        """
        self._told = {user: self._told.get(user) for user in present}
        self._acting = {user: at for user, at in self._acting.items() if user in self._told}
        users = iter([user for user, told in self._told.items() if told is None or told.rank])
        while part := [*islice(users, MAX_HELD)]:
            # Who has left and comes back during a read is being learned again.
            yield {user: self._told[user] for user in part if user in self._told}

    def _settle(
        self,
        told: Mapping[UUID, Told],
        found: Mapping[UUID, Held],
        can_tell: Callable[[UUID], bool],
    ) -> Iterator[RankChanged]:
        """Take what was found for told, and yield what must be said for that."""
        for user_id, held in found.items():
            before = told[user_id]
            if user_id not in self._told or self._told[user_id] is not before:
                # During the read it was told something else, or left and is coming back.
                continue
            if not can_tell(user_id):
                self._is_changed = True
                continue
            if before is not None and self._await_message(user_id, before, held):
                continue
            self._told[user_id] = held
            if held.rank is not None and (before is None or before.rank != held.rank):
                yield _describe(user_id, before, held)

    def _await_message(self, user_id: UUID, before: Held, held: Held) -> bool:
        """Return whether to leave a change to the message of the player's own action."""
        if before.score == held.score:
            return False
        now = self._clock()
        if now - self._acting.setdefault(user_id, now) >= MESSAGE_SECONDS:
            del self._acting[user_id]
            return False
        self._is_changed = True
        return True


def _describe(user_id: UUID, before: Told, held: Held) -> RankChanged:
    assert held.rank is not None
    previous = before.rank if before else None
    reason = "advanced" if previous is None or held.rank < previous else "overtaken"
    if before is not None and held.score < before.score:
        reason = "moderation"
    return RankChanged(user_id, held.score, held.rank, previous, reason)
