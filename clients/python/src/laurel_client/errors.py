"""What can go wrong, as exceptions; an action that was decided against is none of them."""

from http import HTTPStatus
from typing import Any


class LaurelError(Exception):
    """The base of all errors of this package."""


class ApiError(LaurelError):
    """The server refused a request.

    `code` is stable and listed in the server's documents, `message` is for people, `details` belong
    to the code, `request_id` finds the request in the server's log. `status` is that of HTTP, None
    for one action of a batch.
    """

    def __init__(self, status: int | None, error: dict[str, Any]):
        self.status = status
        self.code: str = error.get("code", "UNKNOWN")
        self.message: str = error.get("message", f"HTTP {status}")
        self.details: dict[str, Any] = error.get("details") or {}
        self.request_id: str | None = error.get("requestId")
        self.doc_url: str | None = error.get("docUrl")
        super().__init__(f"{self.code}: {self.message}")

    @property
    def is_passing(self) -> bool:
        """Whether the same request may have another answer in a while."""
        status = self.status or 0
        return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


class UnreachableError(LaurelError):
    """The server did not answer, or was not available, until the patience was over.

    An action that was being sent may have been stored or not: send it again with the same id.
    """


class LiveEndedError(LaurelError):
    """The server closed the live connection and asks not to come back, as for a banned player."""

    def __init__(self, code: int, reason: str):
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}".strip())
