"""Close codes of `laurel.v1`, and the error of a peer that breaks the protocol.

After a 44xx code a client may come back; after a 45xx code it need not try again.
"""

from enum import IntEnum


class CloseCode(IntEnum):
    """Why a connection was closed; the codes below 4000 are those of RFC 6455's registry."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    BINARY = 1003
    BAD_UTF8 = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN = 1013
    TOKEN_ENDED = 4401
    TOO_SLOW = 4408
    NO_PONG = 4409
    TOO_MANY = 4429
    BAD_TOKEN = 4501
    BANNED = 4503
    UNKNOWN_VERSION = 4505


# With these the peer has stopped reading: a close frame behind its queue would never arrive.
UNRESPONSIVE_CODES = frozenset({CloseCode.TOO_SLOW, CloseCode.NO_PONG})


class ProtocolViolationError(Exception):
    """The peer broke the protocol in a way that closes its connection with `code`."""

    def __init__(self, code: CloseCode, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason
