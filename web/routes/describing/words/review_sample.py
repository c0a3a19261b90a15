"""What the examples of review are about: Mira's held action, and what a moderator did."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample

HASH = "09db1790ec4b8c0125048f8c6196907c89ee93252e44b91547c3f7491a090838"
CASE: Mapping[str, Any] = {
    "caseId": sample.CASE_ID,
    "userId": sample.USER_ID,
    "username": sample.USERNAME,
    "state": "open",
    "openedAt": "2026-11-27T09:41:12.540127Z",
    "lastSignalAt": "2026-11-27T09:50:03.127781Z",
    "closedAt": None,
    "heldActions": 1,
    "heldScore": 900,
    "reasons": {"SCORE_BURST": 1},
    "openAppeals": 1,
    "claim": {
        "by": sample.MODERATOR_ID,
        "username": "sam_mod",
        "until": "2026-11-27T10:35:00.935583Z",
        "isMine": True,
    },
}
HELD: Mapping[str, Any] = {
    "actionId": sample.HELD_ACTION_ID,
    "score": 900,
    "reason": "SCORE_BURST",
    "actionType": "boss_defeated",
    "timestamp": "2026-11-27T09:41:12Z",
    "acceptedAt": "2026-11-27T09:41:12.518340Z",
    "checks": {
        "score_burst": {
            "us": 0.877,
            "seen": 5400,
            "score": 1.0,
            "points": 100.0,
            "reason": "SCORE_BURST",
            "version": 1,
        }
    },
    "policyNo": sample.POLICY_NO,
}
APPEAL: Mapping[str, Any] = {
    "actionId": sample.HELD_ACTION_ID,
    "message": "I was there, ask my team.",
    "at": "2026-11-27T09:50:03.127781Z",
    "state": "open",
    "decidedAt": None,
}
CLAIM_ACT: Mapping[str, Any] = {
    "actId": "688a11d0-c944-45ba-b536-bb7069a6bd3f",
    "kind": "claim",
    "by": sample.MODERATOR_ID,
    "userId": sample.USER_ID,
    "actionId": None,
    "caseId": sample.CASE_ID,
    "reason": "",
    "details": None,
    "at": "2026-11-27T10:05:00.936466Z",
    "seq": 4021,
    "hash": HASH,
}
RELEASE_ACT: Mapping[str, Any] = {
    **CLAIM_ACT,
    "actId": "29dd3d86-2027-4052-90d5-b56fead33234",
    "kind": "release",
    "actionId": sample.HELD_ACTION_ID,
    "reason": "The team confirms it",
    "at": "2026-11-27T10:08:00.203345Z",
    "seq": 4022,
}
TRACE: Mapping[str, Any] = {
    "actionId": sample.HELD_ACTION_ID,
    "userId": sample.USER_ID,
    "username": sample.USERNAME,
    "isArchived": False,
    "status": "applied",
    "reason": None,
    "score": 900,
    "actionType": "boss_defeated",
    "timestamp": "2026-11-27T09:41:12Z",
    "metadata": {"actionType": "boss_defeated"},
    "acceptedAt": "2026-11-27T09:41:12.518340Z",
    "completedAt": "2026-11-27T10:08:00.209766Z",
    "previousScore": 1350,
    "newScore": 2250,
    "verdict": "pass",
    "verdictReason": None,
    "policyNo": sample.POLICY_NO,
    "thresholds": {"holdAt": 100.0, "rejectAt": 1000.0},
    "stepUp": "none",
    "client": {"device": "e989a5a7", "address": "cd331ad7", "country": "DE", "isHosting": False},
    "checks": [
        {"check": "velocity", "outcome": "pass"},
        {
            "check": "score_burst",
            "outcome": "found",
            "us": 0.877,
            "seen": 5400,
            "score": 1.0,
            "points": 100.0,
            "reason": "SCORE_BURST",
            "version": 1,
        },
        {"check": "model", "outcome": "off"},
    ],
    "decisions": [RELEASE_ACT],
    "appeal": {**APPEAL, "state": "granted", "decidedAt": "2026-11-27T10:08:00.203345Z"},
    "transitions": [
        {
            "status": "quarantined",
            "reason": "SCORE_BURST",
            "previousScore": None,
            "newScore": None,
            "version": 1,
            "seq": 3987,
            "hash": HASH,
        },
        {
            "status": "applied",
            "reason": None,
            "previousScore": 1350,
            "newScore": 2250,
            "version": 2,
            "seq": 4023,
            "hash": HASH,
        },
    ],
}
PLAYER: Mapping[str, Any] = {
    "userId": sample.USER_ID,
    "username": sample.USERNAME,
    "createdAt": sample.REGISTERED_AT,
    "score": 1350,
    "totalActions": 11,
    "ban": None,
    "caseId": sample.CASE_ID,
}
