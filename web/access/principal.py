"""The principal: who is asking. Made by `tokens.py` and handed out by `verifier.py`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

ROLE_PLAYER = "player"
ROLE_SERVICE = "service"
ROLES = (ROLE_PLAYER, ROLE_SERVICE, "moderator", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a good access token."""

    user_id: UUID
    username: str | None
    roles: frozenset[str]
    session_id: UUID | None
    jti: str
    issued_at: datetime
    expires_at: datetime

    @property
    def is_service(self) -> bool:
        """Whether this is a game server: it acts for players and has no rate limit of its own."""
        return ROLE_SERVICE in self.roles
