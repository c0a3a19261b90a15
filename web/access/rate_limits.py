"""Rate limits: per address, per user, per address and name for logins, per address for spectators.

Called by `web/access/middleware.py` and the account views. Fixed windows, counted in memory
(`shared_counters`).
"""

from functools import lru_cache
from uuid import UUID

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import FixedWindowRateLimiter

from domain.errors import RateLimitExceededError
from domain.settings import Settings
from web.access.shared_counters import SharedCounters
from web.http.caller import Allowance

LOGINS_PER_MINUTE = 10
# A school or an office shares one address.
SPECTATORS_PER_MINUTE = 60
# Making the name under which the library counts takes longer than counting.
MAX_REMEMBERED_USERS = 10_000


class Limits:
    """Counts requests; its caller decides what happens to a request over the limit."""

    def __init__(self, settings: Settings, counters: SharedCounters):
        window = settings.rate_limit_window
        self._counters = counters
        self._strategy = _Window(counters)
        self._user = RateLimitItemPerSecond(settings.rate_limit_requests, window, "user")
        self._address = RateLimitItemPerSecond(settings.address_limit_requests, window, "address")
        self._login = RateLimitItemPerMinute(LOGINS_PER_MINUTE, 1, "login")
        self._spectator = RateLimitItemPerMinute(SPECTATORS_PER_MINUTE, 1, "spectator")
        self._key_of_user = lru_cache(MAX_REMEMBERED_USERS)(
            lambda user_id: self._user.key_for(str(user_id))
        )

    def hit_user(self, user_id: UUID) -> Allowance:
        """Count a request of a user and return what is left."""
        return self._strategy.take(self._user, self._key_of_user(user_id))

    def hit_address(self, address: str) -> Allowance:
        """Count a request from an address and return what is left."""
        return self._strategy.take(self._address, self._address.key_for(address))

    def hit_login(self, address: str, name: str) -> None:
        """Count an attempt to log in under a name; raises RateLimitExceededError."""
        self._take(self._login, address, name)

    def hit_spectator(self, address: str) -> None:
        """Count a spectator who came from an address; raises RateLimitExceededError."""
        self._take(self._spectator, address)

    def _take(self, item: RateLimitItem, *names: str) -> None:
        allowance = self._strategy.take(item, item.key_for(*names))
        if allowance.is_exceeded:
            raise RateLimitExceededError(retry_after_seconds=allowance.reset_seconds)


class _Window(FixedWindowRateLimiter):
    """The library's fixed window, which returns the remaining allowance with the hit."""

    def __init__(self, counters: SharedCounters):
        super().__init__(counters)
        self._counters = counters

    def take(self, item: RateLimitItem, key: str) -> Allowance:
        """Count a hit and return what is left; the library's own calls take twice as long."""
        window_seconds = item.get_expiry()
        total, ends_at = self._counters.count(key, window_seconds, limit=item.amount)
        return Allowance(
            policy=item.namespace,
            limit=item.amount,
            window_seconds=window_seconds,
            remaining=max(-1, item.amount - total),
            resets_at=ends_at,
        )
