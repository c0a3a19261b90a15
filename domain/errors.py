"""The tree of domain errors, each with a stable code.

No HTTP statuses here: `web/http/errors.py` has the table from codes to statuses.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class LaurelError(Exception):
    """An error with a stable code, a public message and optional public details."""

    code = "INTERNAL_ERROR"
    default_message = "Something went wrong on our side"

    def __init__(self, message: str | None = None, *, details: Mapping[str, Any] | None = None):
        super().__init__(message or self.default_message)
        self.message = message or self.default_message
        self.details = dict(details) if details else None


class TransientError(LaurelError):
    """The same call may succeed later: a store is unavailable, a lock was not acquired."""

    code = "SERVICE_UNAVAILABLE"
    default_message = "The service is not available right now; try again shortly"

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Mapping[str, Any] | None = None,
        retry_after_seconds: int = 1,
    ):
        super().__init__(message, details=details)
        self.retry_after_seconds = retry_after_seconds


class DatabaseUnavailableError(TransientError):
    """PostgreSQL did not answer, or refused for its own state and not for the data.

    `sqlstate` is the code that it answered with, or None when it did not answer.
    """

    def __init__(self, message: str | None = None, *, sqlstate: str | None = None):
        super().__init__(message)
        self.sqlstate = sqlstate

    @property
    def cause(self) -> str:
        """What is wrong, in words for operators."""
        if self.sqlstate is None:
            return "PostgreSQL does not answer"
        if self.sqlstate == "25006":
            return "PostgreSQL is read-only"
        return f"PostgreSQL is not able to do the work (SQLSTATE {self.sqlstate})"

    @property
    def is_timeout(self) -> bool:
        """Whether a statement took too long; others may well pass."""
        return self.sqlstate == "57014"


class DatabaseConflictError(DatabaseUnavailableError):
    """PostgreSQL aborted the transaction for another one; an immediate retry may succeed."""


class DatabaseLockedError(DatabaseUnavailableError):
    """Another transaction holds a lock for longer than this one may wait."""


class RedisUnavailableError(TransientError):
    """Redis did not answer in time, refused the command, or its circuit breaker is open."""


class RedisRefusalError(RedisUnavailableError):
    """Redis answered with an error; `reply` is its code, such as "READONLY"."""

    def __init__(self, reply: str):
        super().__init__()
        self.reply = reply

    @property
    def is_demotion(self) -> bool:
        """Whether the server is a replica: another one is the primary, or none."""
        return self.reply in ("READONLY", "MASTERDOWN")


class UnstorableDataError(ValueError):
    """PostgreSQL refuses the data: a value out of range, or a constraint.

    Not a LaurelError: intake catches it for an action's data, anywhere else it is a bug of ours.
    """


class OverloadedError(TransientError):
    """A limit on work in progress was reached; accepting more would only add waiting time."""

    default_message = "Too much work is in progress; try again shortly"


class ArchiveUnreadableError(LaurelError):
    """A file of an archive is missing or damaged; the message names it, for operators."""

    default_message = "An archive cannot be read"


class SecretUnreadableError(LaurelError):
    """A stored secret was encrypted with another key than this process has; operators know why."""


class MalformedJsonError(LaurelError):
    """The body is not strict JSON (RFC 8259)."""

    code = "MALFORMED_JSON"
    default_message = "The body is not valid JSON"


class InvalidPayloadError(LaurelError):
    """The body is JSON but not valid for this call; `details.fields` names each bad field."""

    code = "INVALID_PAYLOAD"
    default_message = "The request is not valid"

    @property
    def problems(self) -> Mapping[str, list[str]]:
        """What is wrong, by field; under "" when no field is named."""
        return (self.details or {}).get("fields") or {"": [self.message]}


class PayloadTooLargeError(LaurelError):
    """The body has more bytes than this call accepts."""

    code = "PAYLOAD_TOO_LARGE"
    default_message = "The body is too large"


class UnsupportedMediaTypeError(LaurelError):
    """The Content-Type of the body is not plain UTF-8 JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    default_message = "The body must be application/json"


class UnauthorizedError(LaurelError):
    """No credential was presented."""

    code = "UNAUTHORIZED"
    default_message = "A bearer token is required"


class InvalidTokenError(LaurelError):
    """The credential is not one that we issued, or it was revoked."""

    code = "INVALID_TOKEN"
    default_message = "The token is not valid"


class TokenExpiredError(LaurelError):
    """The token was valid and has expired."""

    code = "TOKEN_EXPIRED"
    default_message = "The token has expired"


class InvalidCredentialsError(LaurelError):
    """Unknown username or wrong password; the answer never says which."""

    code = "INVALID_CREDENTIALS"
    default_message = "Username or password is wrong"


class SignatureInvalidError(LaurelError):
    """The signature of the request does not verify; the message says why."""

    code = "SIGNATURE_INVALID"
    default_message = "The signature is not valid"


class CodeInvalidError(LaurelError):
    """The one-time code is wrong or was used, or the account has no second factor."""

    code = "CODE_INVALID"
    default_message = "The code is not right"


class ForbiddenError(LaurelError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"
    default_message = "This is not allowed"


class BannedError(LaurelError):
    """The player is banned: `details` has the public reason, and until when (None: for good)."""

    code = "BANNED"
    default_message = "This player is banned"


class OriginNotAllowedError(LaurelError):
    """The origin of the requesting page is not in the list of allowed origins."""

    code = "ORIGIN_NOT_ALLOWED"
    default_message = "This origin is not allowed"


class FraudDetectedError(LaurelError):
    """The action was rejected by a fraud check; `details.reason` is public, thresholds are not."""

    code = "FRAUD_DETECTED"
    default_message = "The action was rejected"


class NotFoundError(LaurelError):
    """There is no such thing, or the caller may not see it."""

    code = "NOT_FOUND"
    default_message = "There is nothing here"


class BoardNotFoundError(NotFoundError):
    """There is no such board, or the caller may not read it."""

    code = "BOARD_NOT_FOUND"
    default_message = "There is no such board"


class PeriodNotFoundError(NotFoundError):
    """The board has no such period, or it is not kept any more."""

    code = "PERIOD_NOT_FOUND"
    default_message = "The board has no such period"


class BoardBuildingError(TransientError):
    """The board's first version is still computed; `details` says how far that is."""

    code = "BOARD_BUILDING"
    default_message = "The board is still computed from what was played before; try again later"


class CursorExpiredError(LaurelError):
    """The order that the cursor continues is not kept any more; begin again without a cursor."""

    code = "CURSOR_EXPIRED"
    default_message = "The cursor has expired; begin again without one"


class DuplicateActionError(LaurelError):
    """The same action was accepted before; `details.result` is its stored outcome."""

    code = "DUPLICATE_ACTION"
    default_message = "Action with this ID has already been processed"


class ActionIdConflictError(LaurelError):
    """The id belongs to another action, about which nothing is revealed."""

    code = "ACTION_ID_CONFLICT"
    default_message = "This action ID was used for a different action"


class UsernameTakenError(LaurelError):
    """Another account has this name, ignoring case."""

    code = "USERNAME_TAKEN"
    default_message = "This username is taken"


class SecondFactorExistsError(LaurelError):
    """The account has a confirmed second factor, which is to be removed first."""

    code = "SECOND_FACTOR_EXISTS"
    default_message = "This account has a second factor; remove it first"


class BoardExistsError(LaurelError):
    """There is a board with this id, perhaps an archived one, or one that is being removed."""

    code = "BOARD_EXISTS"
    default_message = "There is a board with this id"


class BoardFixedError(LaurelError):
    """The board is the one that always exists, or it is archived or being removed."""

    code = "BOARD_FIXED"
    default_message = "This board cannot be changed"


class PolicyInUseError(LaurelError):
    """The policy judges, and nothing would take its place."""

    code = "POLICY_IN_USE"
    default_message = "This policy is live; make another one live, or retire it"


class BoardSealedError(LaurelError):
    """The board has sealed periods, which are only removed from sight when that is asked for."""

    code = "BOARD_SEALED"
    default_message = "The board has sealed periods; `?archive=true` archives it"


class JoinRefusedError(LaurelError):
    """Nobody can join the board now; `details.reason` is NOT_NEEDED or SEASON_OVER."""

    code = "JOIN_REFUSED"
    default_message = "This board cannot be joined"


class CaseClaimedError(LaurelError):
    """Another moderator has claimed the case; `details` says by whom and until when."""

    code = "CASE_CLAIMED"
    default_message = "Another moderator has claimed this case"


class CaseClosedError(LaurelError):
    """The case is closed: there is nothing to decide."""

    code = "CASE_CLOSED"
    default_message = "This case is closed"


class CaseUndecidedError(LaurelError):
    """The case has held actions, which nobody would find any more if it were closed."""

    code = "CASE_UNDECIDED"
    default_message = "The case has held actions: decide on them first"


class StatusConflictError(LaurelError):
    """The action's status does not allow this; `details.status` is what it is now."""

    code = "STATUS_CONFLICT"
    default_message = "The status of the action does not allow this"


class AlreadyAppealedError(LaurelError):
    """The player has appealed against this action before."""

    code = "ALREADY_APPEALED"
    default_message = "There is an appeal against this action already"


class RescoreNeededError(LaurelError):
    """The change moves players: `details.fields` names what all rows are computed again for."""

    code = "RESCORE_NEEDED"
    default_message = "This change needs a new version of the board; `?rescore=true` makes it"


class PreconditionFailedError(LaurelError):
    """What is to be changed is no longer what the caller has seen."""

    code = "PRECONDITION_FAILED"
    default_message = "It was changed meanwhile; read it again"


class PreconditionRequiredError(LaurelError):
    """The caller must say which state of it is to be changed."""

    code = "PRECONDITION_REQUIRED"
    default_message = "Send the ETag of what is to be changed as If-Match"


class HistoryTooLargeError(LaurelError):
    """Standings of the past would need more of the ledger than one request may read.

    `details.command` is what an operator may run instead.
    """

    code = "HISTORY_TOO_LARGE"
    default_message = "This would need too much of the ledger; ask for less, or for a later time"


class RateLimitExceededError(LaurelError):
    """More requests than the window allows."""

    code = "RATE_LIMIT_EXCEEDED"
    default_message = "Too many requests"

    def __init__(self, message: str | None = None, *, retry_after_seconds: int):
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SettingsError(LaurelError):
    """One or more settings are wrong; `problems` names each of them, without secrets.

    Where processes start, `workers/process/startup.py` turns it into an exit code.
    """

    code = "INVALID_SETTINGS"

    def __init__(self, problems: Sequence[str]):
        super().__init__("Laurel cannot start with these settings:\n  " + "\n  ".join(problems))
        self.problems = tuple(problems)
