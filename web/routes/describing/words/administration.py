"""The words of boards for admins, and of the policies of fraud detection."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample
from web.routes.describing.words.boards import DEFINITION
from web.routes.describing.words.row import OperationWords, only

_RECORD: Mapping[str, Any] = {
    "board": DEFINITION,
    "state": "live",
    "version": 1,
    "error": None,
    "etag": '"12"',
    "building": None,
    "createdAt": "2026-11-20T08:00:00.640939Z",
    "updatedAt": "2026-11-20T08:00:00.640939Z",
}
_NEW: Mapping[str, Any] = {
    **_RECORD,
    "state": "building",
    "building": {"version": 1, "progress": 0.0, "error": None},
}
_WANTED = ("id", "title", "aggregate", "period", "segment", "rewards", "readers")
_POLICY_DEFINITION: Mapping[str, Any] = {
    "holdAt": 100.0,
    "rejectAt": 1000.0,
    "checks": {"velocity": {"points": 1000, "settings": {"maxPerMinute": 20}}},
}
_POLICY: Mapping[str, Any] = {
    "policy": sample.POLICY_NO,
    "state": "live",
    "definition": _POLICY_DEFINITION,
    "note": "For the tournament",
    "problems": None,
    "createdBy": sample.MODERATOR_ID,
    "createdAt": "2026-11-26T16:30:00.240353Z",
    "liveFrom": "2026-11-27T06:00:00.249259Z",
    "liveUntil": None,
}
_DRAFT: Mapping[str, Any] = {**_POLICY, "state": "draft", "liveFrom": None}

ADMINISTRATION_WORDS: Mapping[str, OperationWords] = {
    "board_admin.create": OperationWords(
        description="Makes a board of a definition. It counts from now on, and can be read once"
        " what was played before has been counted.",
        headers={201: ("Location", "ETag")},
        request=only({name: DEFINITION[name] for name in _WANTED}),
        answers={201: only(_NEW)},
    ),
    "board_admin.list_all": OperationWords(
        description="Every board, `global` first, also those that are archived.",
        answers={200: only({"boards": [_RECORD]})},
    ),
    "board_admin.show": OperationWords(
        description="One board by the version that is read, with its `ETag` for changes.",
        headers={200: ("ETag",)},
        answers={200: only(_RECORD)},
    ),
    "board_admin.change": OperationWords(
        description="Changes the definition by a JSON merge patch (RFC 7396). What moves players"
        " needs `rescore=true`: a new version is computed beside the live one.",
        headers={200: ("ETag",)},
        request={"title": {"title": "Week"}, "rules": {"aggregate": "best", "attempts": 3}},
        answers={200: only({**_RECORD, "board": {**DEFINITION, "title": "Week"}})},
    ),
    "board_admin.delete": OperationWords(
        description="Removes a board. One with sealed periods is archived, with `archive=true`."
    ),
    "policies.list_all": OperationWords(
        description="Every policy, the newest first, and the default, which judges while none is"
        " live.",
        headers={200: ("ETag",)},
        answers={
            200: only({"policies": [_POLICY], "default": _POLICY_DEFINITION, "etag": '"3-3-0-3"'})
        },
    ),
    "policies.create": OperationWords(
        description="Stores a policy: as a draft, as the shadow that is only tried, or live at"
        " once. All but a draft need `If-Match` with the list's `ETag`.",
        headers={201: ("Location",)},
        request=only({"definition": _POLICY_DEFINITION, "note": "For the tournament"}),
        answers={201: only(_DRAFT)},
    ),
    "policies.show": OperationWords(
        description="One policy; its definition never changes.",
        answers={200: only(_POLICY)},
    ),
    "policies.activate": OperationWords(
        description="Makes a policy live; what was live is retired.",
        request=only({"reason": "Tried for a day without surprises"}),
        answers={200: only(_POLICY)},
    ),
    "policies.shadow": OperationWords(
        description="Lets a policy judge beside the live one, without any effect.",
        request=only({"reason": "To be compared for a day"}),
        answers={200: only({**_DRAFT, "state": "shadow"})},
    ),
    "policies.retire": OperationWords(
        description="Retires a policy. After the live one the default judges.",
        request=only({"reason": "The tournament is over"}),
        answers={
            200: only(
                {**_POLICY, "state": "retired", "liveUntil": "2026-11-30T20:00:00.254905Z"},
            )
        },
    ),
}
