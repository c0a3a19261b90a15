"""What each error code means and what to do about it, in the words that people read.

The OpenAPI document and the section "Errors" of `/docs` show both; the table in `docs/api.md` has
the meanings, and a guard compares them. Statuses are in `errors.py`.
"""

from collections.abc import Mapping
from typing import NamedTuple


class ErrorWords(NamedTuple):
    """What a code means, and what its receiver does next; Markdown's backticks mark code."""

    meaning: str
    remedy: str


def make_doc_url(code: str) -> str:
    """Return where the code is explained, as a reference that is relative to the API's own host."""
    return f"/docs#error-{code}"


ERROR_WORDS: Mapping[str, ErrorWords] = {
    "MALFORMED_JSON": ErrorWords(
        "the body is not JSON, ended early, or had not come whole after 10 s",
        "Send one JSON object (RFC 8259) without duplicate names, with its `Content-Length`.",
    ),
    "INVALID_PAYLOAD": ErrorWords(
        "JSON, but not what this call takes; `details.fields` names each field",
        "Correct the named fields. The same request would be refused again.",
    ),
    "UNAUTHORIZED": ErrorWords(
        "no bearer token",
        "Log in or register, and send the access token as `Authorization: Bearer …`.",
    ),
    "INVALID_TOKEN": ErrorWords(
        "a token that is not ours, or was revoked",
        "Log in again; a refresh token that was used twice has ended its session.",
    ),
    "TOKEN_EXPIRED": ErrorWords(
        "the token's time is over",
        "Get a new one with `POST /api/auth/refresh`, and repeat the request with it.",
    ),
    "INVALID_CREDENTIALS": ErrorWords(
        "unknown name or wrong password; which of them is not told",
        "Ask the person again; attempts are limited.",
    ),
    "SIGNATURE_INVALID": ErrorWords(
        "the request's signature is not good; the message says why",
        "Check the key, the server's clock and that the body is sent as it was signed.",
    ),
    "CODE_INVALID": ErrorWords(
        "the one-time code is wrong or was used, or there is no second factor",
        "Wait for the next code of the app; each is good for one request.",
    ),
    "FRAUD_DETECTED": ErrorWords(
        "the action was rejected; `details.reason`",
        "The action is stored and does not count. Do not send it again; the player may appeal.",
    ),
    "FORBIDDEN": ErrorWords(
        "the caller may not do this",
        "Use a token with the role that the operation names, or leave it.",
    ),
    "BANNED": ErrorWords(
        "the player is banned; `details.reason` and `details.until` (`null`: for good)",
        "Tell the player; nothing was stored, and nothing will be until the ban ends.",
    ),
    "ORIGIN_NOT_ALLOWED": ErrorWords(
        "the page's origin is not on the list",
        "The operator adds the origin to `ALLOWED_ORIGINS`.",
    ),
    "NOT_FOUND": ErrorWords(
        "no such thing, or not the caller's to see",
        "Check the path and the id, and whose token it is.",
    ),
    "BOARD_NOT_FOUND": ErrorWords(
        "no such board, or not the caller's to see",
        "`GET /api/boards` lists the boards that this token may read.",
    ),
    "PERIOD_NOT_FOUND": ErrorWords(
        "the board has no such period, or does not keep it any more",
        "Ask for `current` or `previous`, or for a later period.",
    ),
    "METHOD_NOT_ALLOWED": ErrorWords(
        "not by this method; `Allow` names the right ones",
        "Use one of the methods in the header `Allow`.",
    ),
    "DUPLICATE_ACTION": ErrorWords(
        "sent before; `details.result` is what became of it",
        "Take `details.result` as the answer: after a retry this is success, not failure.",
    ),
    "ACTION_ID_CONFLICT": ErrorWords(
        "the id belongs to another action",
        "Make a new `actionId` for each action; repeat one only with the same score and metadata.",
    ),
    "USERNAME_TAKEN": ErrorWords(
        "another player has this name",
        "Ask for another name; one that looks the same counts as the same.",
    ),
    "SECOND_FACTOR_EXISTS": ErrorWords(
        "the account has one; remove it first",
        "Remove it with `DELETE /api/users/me/second-factor`, then set up the new one.",
    ),
    "BOARD_EXISTS": ErrorWords(
        "there is a board with this id, perhaps an archived one",
        "Choose another id, or change the board that is there.",
    ),
    "BOARD_FIXED": ErrorWords(
        "the board `global`, or one that is archived or being removed, cannot be changed",
        "Make a board of your own.",
    ),
    "POLICY_IN_USE": ErrorWords(
        "the live policy of fraud detection cannot become the shadow",
        "Make another policy live first, or retire this one.",
    ),
    "BOARD_SEALED": ErrorWords(
        "the board has sealed periods; `?archive=true` archives it",
        "Archive it: what was sealed stays readable for admins.",
    ),
    "JOIN_REFUSED": ErrorWords(
        "the board cannot be joined; `details.reason` is `NOT_NEEDED` or `SEASON_OVER`",
        "Nothing is to be done: everybody counts there, or nobody any more.",
    ),
    "RESCORE_NEEDED": ErrorWords(
        "the change moves players; `details.fields` names why, `?rescore=true` makes it",
        "Repeat the request with `?rescore=true` if players may move.",
    ),
    "CASE_CLAIMED": ErrorWords(
        "another moderator has claimed the case; `details` has `by`, `until`",
        "Take another case, or wait until the claim ends.",
    ),
    "CASE_CLOSED": ErrorWords(
        "the case is closed: there is nothing to decide",
        "Read the cases again.",
    ),
    "CASE_UNDECIDED": ErrorWords(
        "the case has held actions: decide on them first",
        "Release or reject each of `held`, then close the case.",
    ),
    "STATUS_CONFLICT": ErrorWords(
        "the action's status does not allow this; `details.status` is what it is",
        "Read the action again: somebody may have decided, or it is not final yet.",
    ),
    "ALREADY_APPEALED": ErrorWords(
        "there is an appeal against this action already",
        "Wait for its answer: the action shows it as `appeal`.",
    ),
    "CURSOR_EXPIRED": ErrorWords(
        "the order that the cursor continues is not kept any more: begin again",
        "Ask for the first page without a cursor.",
    ),
    "PRECONDITION_FAILED": ErrorWords(
        "it was changed since the `ETag` that was sent as `If-Match`",
        "Read it again, look at what has changed, and send its new `ETag`.",
    ),
    "PAYLOAD_TOO_LARGE": ErrorWords(
        "the body has too many bytes",
        "Send less: 16 KB, or 4 MB for a batch of actions.",
    ),
    "UNSUPPORTED_MEDIA_TYPE": ErrorWords(
        "not `application/json` in UTF-8, or compressed",
        "Send `Content-Type: application/json` and no `Content-Encoding`.",
    ),
    "HISTORY_TOO_LARGE": ErrorWords(
        "too much of the ledger for one request; `details.command` does it",
        "Ask for a later time or fewer points, or let an operator run the command.",
    ),
    "MISDIRECTED_REQUEST": ErrorWords(
        "an event stream, asked for on the API's port; `details.url` is the right address",
        "Open the stream at `details.url`.",
    ),
    "UPGRADE_REQUIRED": ErrorWords(
        "a WebSocket address, called without an upgrade or on the API's port",
        "Connect to the `url` that `POST /api/realtime/ticket` answers.",
    ),
    "PRECONDITION_REQUIRED": ErrorWords(
        "this call needs `If-Match`",
        "Send the `ETag` that was read, or `*` for whatever is there.",
    ),
    "RATE_LIMIT_EXCEEDED": ErrorWords(
        "too many requests; `Retry-After`",
        "Wait for the seconds in `Retry-After`; send many actions as one batch.",
    ),
    "INTERNAL_ERROR": ErrorWords(
        "an error of ours; the log has it under the `requestId`",
        "Tell the operator the `requestId`. An action may be repeated with the same `actionId`.",
    ),
    "BOARD_BUILDING": ErrorWords(
        "a new board is still computed; `details.progress`, 0 to 1, and `Retry-After`",
        "Ask again after the seconds in `Retry-After`.",
    ),
    "SERVICE_UNAVAILABLE": ErrorWords(
        "not now; `Retry-After`. The outcome may be unknown: repeat with the same id",
        "Repeat the same request, with the same `actionId`, after the seconds in `Retry-After`.",
    ),
}
"""By code; every code that a client can meet has a row, also those of WebSockets' handshakes."""
