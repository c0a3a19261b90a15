"""Connections that follow a failover: one that leads to a replica closes itself.

After a failover behind one address the old primary may stay up as a replica, and its connections
open: each command is refused until somebody connects again. Used by `client.py`, and by Celery's
transport in `workers/transport.py`.
"""

import re
from typing import Any

from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - redis-py's own name
    ResponseError,
)

# This server is no primary, or has just ceased to be one: another connection may lead to the new.
_DEMOTED = frozenset(("READONLY", "MASTERDOWN", "UNBLOCKED"))
_CODE = re.compile(r"([A-Z]{2,32})\b")
# Servers before Redis 7 wrap the errors of a script's commands in one without a code of its own.
_IN_SCRIPT = re.compile(r"^(?:ERR )?Error running script.*?: -?([A-Z]{2,32}) ", re.DOTALL)


class DemotedError(ConnectionError):
    """The server of a connection is no primary; the connection is closed."""


class _Following:
    """Closes the connection and raises DemotedError when its server says that it is a replica."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Return the answer to a command; raises what redis-py raises."""
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]  # of a mixin
        except ResponseError as error:
            code = read_code(error)
            if code not in _DEMOTED:
                raise
            self.disconnect()  # type: ignore[attr-defined]  # of a mixin
            raise DemotedError(str(error), status_code=code) from error


class FollowingConnection(_Following, Connection):
    """A TCP connection."""


class FollowingSSLConnection(_Following, SSLConnection):
    """A TLS connection."""


class FollowingUnixConnection(_Following, UnixDomainSocketConnection):
    """A connection through a Unix socket."""


FOLLOWING: dict[type[Any], type[Any]] = {
    Connection: FollowingConnection,
    SSLConnection: FollowingSSLConnection,
    UnixDomainSocketConnection: FollowingUnixConnection,
}
"""The class that follows a failover, for each of redis-py's."""


def read_code(error: Exception) -> str:
    """Return the error's code as servers write it, such as "READONLY"; "ERR" without one.

    redis-py removes the codes that it has classes for from the text.
    """
    text = str(error)
    in_script = _IN_SCRIPT.match(text)
    if in_script:
        return in_script[1]
    code: str | None = getattr(error, "status_code", None)
    first = _CODE.match(text)
    return code or (first[1] if first else "ERR")
