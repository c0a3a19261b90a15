"""Close codes of `laurel.v1`: 44xx may come back, 45xx need not try again."""

from enum import IntEnum


class CloseCode(IntEnum):
    """Why a socket was closed; RFC 6455's own codes below 4000."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    BINARY = 1003
    BAD_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TOKEN_ENDED = 4401
    TOO_SLOW = 4408
    NO_PONG = 4409
    BAD_TOKEN = 4501
    UNKNOWN_VERSION = 4505


# Codes after which the peer does not listen any more: nothing is gained by a polite end.
DEAF_CODES = frozenset({CloseCode.TOO_SLOW, CloseCode.NO_PONG})
