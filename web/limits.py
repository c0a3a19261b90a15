"""Rate limits: per address, per user, and per address and name for logins.

Called by `web/gate.py` and the login route. A fixed window, counted in memory (`shared_counters`).
"""

import time
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from domain.errors import RateLimitExceededError
from domain.settings import Settings
from web.shared_counters import SharedCounters

LOGINS_PER_MINUTE = 10


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may still do in this window; goes out in the RateLimit headers."""

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


class Limits:
    """Counts requests; what to do with a caller over the limit is for the caller of this."""

    def __init__(self, settings: Settings, counters: SharedCounters):
        window = settings.rate_limit_window
        self._counters = counters
        self._strategy = FixedWindowRateLimiter(counters)
        self._user = RateLimitItemPerSecond(settings.rate_limit_requests, window, "user")
        self._address = RateLimitItemPerSecond(settings.address_limit_requests, window, "address")
        self._login = RateLimitItemPerMinute(LOGINS_PER_MINUTE, 1, "login")

    def start(self) -> None:
        """Start sharing the counts with other processes."""
        self._counters.start()

    def stop(self) -> None:
        """Stop sharing."""
        self._counters.stop()

    def hit_user(self, user_id: UUID) -> Allowance:
        """Count a request of a user."""
        return self._hit(self._user, str(user_id))

    def hit_address(self, address: str) -> Allowance:
        """Count a request from an address."""
        return self._hit(self._address, address)

    def hit_login(self, address: str | None, name: str) -> None:
        """Count an attempt to log in; raises RateLimitExceededError."""
        allowance = self._hit(self._login, address or "loopback", name)
        if allowance.is_exceeded:
            raise RateLimitExceededError(retry_after_seconds=allowance.reset_seconds)

    def _hit(self, item: RateLimitItem, *identifiers: str) -> Allowance:
        within = self._strategy.hit(item, *identifiers)
        key = item.key_for(*identifiers)
        remaining = item.amount - self._counters.get(key) if within else -1
        return Allowance(
            policy=item.namespace,
            limit=item.amount,
            window_seconds=item.get_expiry(),
            remaining=max(0, remaining) if within else -1,
            resets_at=self._counters.get_expiry(key),
        )
