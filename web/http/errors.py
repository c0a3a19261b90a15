"""The table from error codes to statuses, and the envelope of every error response."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from domain.errors import (
    InvalidPayloadError,
    LaurelError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitExceededError,
    TransientError,
    UnsupportedMediaTypeError,
)
from web.http.error_words import make_doc_url
from web.http.request_context import request_id
from web.http.responses import Answer, answer_json, make_response

logger = structlog.get_logger(__name__)

STATUS_BY_CODE: Mapping[str, int] = {
    "MALFORMED_JSON": 400,
    "INVALID_PAYLOAD": 400,
    "UNAUTHORIZED": 401,
    "INVALID_TOKEN": 401,
    "TOKEN_EXPIRED": 401,
    "INVALID_CREDENTIALS": 401,
    "SIGNATURE_INVALID": 401,
    "CODE_INVALID": 401,
    "FRAUD_DETECTED": 403,
    "FORBIDDEN": 403,
    "BANNED": 403,
    "ORIGIN_NOT_ALLOWED": 403,
    "NOT_FOUND": 404,
    "BOARD_NOT_FOUND": 404,
    "PERIOD_NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "DUPLICATE_ACTION": 409,
    "ACTION_ID_CONFLICT": 409,
    "USERNAME_TAKEN": 409,
    "SECOND_FACTOR_EXISTS": 409,
    "BOARD_EXISTS": 409,
    "BOARD_FIXED": 409,
    "POLICY_IN_USE": 409,
    "BOARD_SEALED": 409,
    "JOIN_REFUSED": 409,
    "RESCORE_NEEDED": 409,
    "CASE_CLAIMED": 409,
    "CASE_CLOSED": 409,
    "CASE_UNDECIDED": 409,
    "STATUS_CONFLICT": 409,
    "ALREADY_APPEALED": 409,
    "CURSOR_EXPIRED": 410,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "MISDIRECTED_REQUEST": 421,
    "HISTORY_TOO_LARGE": 422,
    "UPGRADE_REQUIRED": 426,
    "PRECONDITION_REQUIRED": 428,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "BOARD_BUILDING": 503,
    "SERVICE_UNAVAILABLE": 503,
}


class MethodNotAllowedError(LaurelError):
    """The path exists, but not with this method."""

    code = "METHOD_NOT_ALLOWED"
    default_message = "This method is not allowed here"


class UpgradeRequiredError(LaurelError):
    """A WebSocket was requested on the port that serves none."""

    code = "UPGRADE_REQUIRED"
    default_message = "This is a WebSocket address; it is served on the live port"


class MisdirectedRequestError(LaurelError):
    """This is served on the live port: `details` has the address there."""

    code = "MISDIRECTED_REQUEST"
    default_message = "This is served on the live port"


_ERROR_BY_HTTP_STATUS: Mapping[int, type[LaurelError]] = {
    404: NotFoundError,
    405: MethodNotAllowedError,
    413: PayloadTooLargeError,
    415: UnsupportedMediaTypeError,
}


def register_error_handlers(
    app: Flask, respond: Callable[[Answer], Response] = make_response
) -> None:
    """Answer every error of this application, the framework's too, in the envelope.

    `respond` makes the response of the answer: of some it may make a page.
    """
    app.register_error_handler(Exception, lambda error: respond(answer_exception(error)))


def answer_exception(error: Exception) -> Answer:
    """Return the answer to a request that has raised this error, and log what is our fault."""
    if isinstance(error, LaurelError):
        return _answer_domain_error(error)
    if isinstance(error, HTTPException):
        return _answer_http_exception(error)
    return _answer_unexpected(error)


def describe_error(error: LaurelError) -> dict[str, Any]:
    """Return code, message and details, as in the envelope and in the results of a batch."""
    described: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details:
        described["details"] = error.details
    return described


def answer_error(error: LaurelError, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the error in the specification's envelope, with the status of its code.

    `headers` are added to those that belong to the status.
    """
    described = describe_error(error)
    described["timestamp"] = datetime.now(UTC)
    described["requestId"] = request_id()
    described["docUrl"] = make_doc_url(error.code)
    status = STATUS_BY_CODE.get(error.code, 500)
    envelope = {"success": False, "error": described}
    return answer_json(envelope, status, {**_headers_of(error, status), **(headers or {})})


def _headers_of(error: LaurelError, status: int) -> dict[str, str]:
    if status == 401:
        is_token_s = error.code in ("INVALID_TOKEN", "TOKEN_EXPIRED")
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if is_token_s else "Bearer"}
    if isinstance(error, TransientError | RateLimitExceededError):
        return {"Retry-After": str(error.retry_after_seconds)}
    if status == 426:
        return {"Upgrade": "websocket", "Connection": "Upgrade"}
    return {}


def _answer_domain_error(error: LaurelError) -> Answer:
    status = STATUS_BY_CODE.get(error.code, 500)
    if status >= 500:
        logger.warning("request failed", code=error.code, error=type(error).__name__)
    return answer_error(error)


def _answer_http_exception(error: HTTPException) -> Answer:
    status = error.code or 500
    if status >= 500:
        return _answer_unexpected(error)
    kind = _ERROR_BY_HTTP_STATUS.get(status, InvalidPayloadError)
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer_error(kind(), headers)


def _answer_unexpected(error: Exception) -> Answer:
    logger.error("unexpected error", error=type(error).__name__, exc_info=error)
    return answer_error(LaurelError())
