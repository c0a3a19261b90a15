"""Who is banned, as this process knows it: read with the revocations, every second.

Owned by `revocations.py`. A ban whose time is over no longer counts here, whenever the keeper ends
it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from domain.errors import BannedError
from domain.store.postgres.moderation.bans import KnownBan, list_known_bans
from domain.store.store import Connection


def _now() -> datetime:
    return datetime.now(UTC)


class Bans:
    """Answers from memory who is banned; read by one thread, asked by many."""

    def __init__(self, clock: Callable[[], datetime] = _now):
        self._clock = clock
        # Replaced as a whole: it is read without a lock.
        self._running: Mapping[UUID, KnownBan] = {}

    def find(self, user_id: UUID) -> KnownBan | None:
        """Return the user's ban, or None."""
        ban = self._running.get(user_id) if self._running else None
        if ban is None or (ban.until_at is not None and ban.until_at <= self._clock()):
            return None
        return ban

    def refuse(self, user_id: UUID) -> None:
        """Raise BannedError if the user is banned."""
        if self._running and (ban := self.find(user_id)):
            raise BannedError(details={"reason": ban.reason, "until": ban.until_at})

    def read(self, connection: Connection, *, is_full: bool) -> None:
        """Read all bans, or what is new; raises DatabaseUnavailableError."""
        found = list_known_bans(connection, only_recent=not is_full)
        if not is_full and not found:
            return
        running = {} if is_full else dict(self._running)
        for ban in found:
            known = running.get(ban.user_id)
            if not ban.is_ended:
                if known is None or known.ban_no <= ban.ban_no:
                    running[ban.user_id] = ban
            elif known is not None and known.ban_no <= ban.ban_no:
                del running[ban.user_id]
        self._running = running
