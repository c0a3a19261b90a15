"""The caller of a request: who is asking, and what the rate limits leave them.

Made by `web/access`; kept for the time of a request by `web/http/request_context.py`.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import NamedTuple
from uuid import UUID

ROLE_PLAYER = "player"
ROLE_SERVICE = "service"
ROLE_MODERATOR = "moderator"
ROLE_ADMIN = "admin"
ROLES = (ROLE_PLAYER, ROLE_SERVICE, ROLE_MODERATOR, ROLE_ADMIN)
# Whoever looks at the boards without an account: no role that an operator gives.
ROLE_SPECTATOR = "spectator"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a valid access token or API key.

    Revocations of the user up to `issued_at` do not touch it: that is when its login began, or when
    it was issued if it has none.
    """

    user_id: UUID
    username: str | None
    roles: frozenset[str]
    session_id: UUID | None
    jti: str
    issued_at: datetime
    expires_at: datetime
    is_api_key: bool = False

    @property
    def is_service(self) -> bool:
        """Whether this is a game server: it acts for players and has no rate limit."""
        return ROLE_SERVICE in self.roles

    @property
    def is_spectator(self) -> bool:
        """Whether this is nobody's account, and may read what is there for spectators only."""
        return self.roles == {ROLE_SPECTATOR}

    def has_role(self, role: str) -> bool:
        """Return whether it may do what the role may: an admin may do what moderators do."""
        return role in self.roles or (role == ROLE_MODERATOR and ROLE_ADMIN in self.roles)


class Allowance(NamedTuple):
    """What a caller may still do in this window; sent in the RateLimit headers."""

    policy: str
    limit: int
    window_seconds: int
    remaining: int
    resets_at: float

    @property
    def is_exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.remaining < 0

    @property
    def reset_seconds(self) -> int:
        """Seconds until the window ends, at least 1."""
        return max(1, ceil(self.resets_at - time.time()))
