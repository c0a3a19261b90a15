"""An example of each error, made of its code: message, details and where it is explained."""

from collections.abc import Mapping
from typing import Any

from domain.errors import LaurelError
from web.http.error_words import ERROR_WORDS, make_doc_url
from web.http.errors import STATUS_BY_CODE
from web.routes.describing.words import sample

DETAILS: Mapping[str, Mapping[str, Any]] = {
    "INVALID_PAYLOAD": {"fields": {"score": ["Not a valid integer."]}},
    "FRAUD_DETECTED": {"reason": "VELOCITY"},
    "BANNED": {"reason": "CHEATING", "until": None},
    "DUPLICATE_ACTION": {
        "result": {
            "status": "applied",
            "newScore": 1350,
            "previousScore": 1200,
            "leaderboardPosition": 7,
        }
    },
    "JOIN_REFUSED": {"reason": "SEASON_OVER"},
    "RESCORE_NEEDED": {"fields": {"ties": ["Moves players."]}},
    "CASE_CLAIMED": {"by": sample.MODERATOR_ID, "until": "2026-11-27T10:35:00.935583Z"},
    "STATUS_CONFLICT": {"status": "applied"},
    "HISTORY_TOO_LARGE": {
        "command": "flask --app wsgi ledger replay --until 2026-01-02T03:04:05+00:00 --board week"
    },
    "BOARD_BUILDING": {"progress": 0.25},
}
"""What the codes that have facts to tell may tell."""


def make_error_examples() -> dict[str, Any]:
    """Return the examples by code, as the document's components have them."""
    messages = _find_messages()
    return {
        code: {
            "summary": ERROR_WORDS[code].meaning,
            "value": _make_envelope(code, messages[code]),
        }
        for code in STATUS_BY_CODE
    }


def _make_envelope(code: str, message: str) -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": code,
        "message": message,
        "timestamp": sample.ANSWERED_AT,
        "requestId": sample.REQUEST_ID,
        "docUrl": make_doc_url(code),
    }
    if code in DETAILS:
        error["details"] = DETAILS[code]
    return {"success": False, "error": error}


def _find_messages() -> dict[str, str]:
    """Return by code what its error says by default; of several kinds the most general one's."""
    messages: dict[str, str] = {}
    kinds: list[type[LaurelError]] = [LaurelError]
    for kind in kinds:
        messages.setdefault(kind.code, kind.default_message)
        kinds.extend(kind.__subclasses__())
    return messages
