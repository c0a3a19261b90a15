"""The players, actions and times that all examples are about, so that they fit together.

Mira has 1,200 points, completes an action of 150 and is seventh of 128 then.
"""

from collections.abc import Mapping
from typing import Any

ACTION_ID = "550e8400-e29b-41d4-a716-446655440000"
SECOND_ACTION_ID = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
HELD_ACTION_ID = "9b2d7c52-3e41-4f8a-b6d0-5c1e8a7f4d23"
USER_ID = "0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823"
USERNAME = "Mira"
ABOVE_ID = "3d24043f-d33f-41b2-8180-5293e57eaca5"
BELOW_ID = "85b2ff8b-4064-4aff-ba31-b0f550687462"
FIRST_ID = "b1f0a4de-7c1b-4e0e-9d5c-2f6e8a3b7c90"
MODERATOR_ID = "a7c3e1f8-52d4-4b6a-8e09-d1f3b5c79e24"
LOGIN_ID = "23c39959-1502-4034-97c3-a72444bbab0c"
PLAY_SESSION_ID = "638a068e-0b30-4d04-b387-a9afd1780b0a"
CASE_ID = "dd3a1142-7c8e-44c6-8eb7-5501634f027d"
BOARD = "week"
PERIOD = "2026-W48"
CURSOR = "YTQ"
REQUEST_ID = "req_5f1d7a84c3e209b6"
POLICY_NO = 3

COMPLETED_AT = "2026-11-27T10:00:00Z"
ACCEPTED_AT = "2026-11-27T10:00:00.412873Z"
SCORED_AT = "2026-11-27T10:00:00.431206Z"
ANSWERED_AT = "2026-11-27T10:00:00.436018Z"
REGISTERED_AT = "2026-11-02T18:20:11.904512Z"

PARAMETERS: Mapping[str, Any] = {
    "actionId": ACTION_ID,
    "at": "2026-11-26T12:00:00Z",
    "board": BOARD,
    "boardId": BOARD,
    "caseId": CASE_ID,
    "check": "score_burst",
    "columns": "3,41.5",
    "cursor": CURSOR,
    "from": "2026-11-20T00:00:00Z",
    "name": "mira",
    "period": "current",
    "players": USER_ID,
    "points": 7,
    "policyNo": POLICY_NO,
    "reason": "SCORE_BURST",
    "revision": 1,
    "score": 1350,
    "segment": "DE",
    "sessionId": PLAY_SESSION_ID,
    "until": COMPLETED_AT,
    "user": USER_ID,
    "userId": USER_ID,
    "Prefer": "wait=5",
    "If-Match": '"12"',
    "If-None-Match": '"472bb8854c148ec5c948b7a4"',
    "X-Client-Fingerprint": "unity-4f2a9c",
    "X-Laurel-Signature": "keyId=eu-1,timestamp=1765000000,"
    "signature=3jQ2yVEqmUCDKdj3CC0QVefxL6tcQfdirsFRYQghmTI=",
    "X-TOTP-Code": "287082",
}
"""An example of each parameter, by its name; of the others the default is one."""


def standing(rank: int, user_id: str, username: str, score: int, last_update: str) -> Any:
    """Return a row of the leaderboard."""
    return {
        "rank": rank,
        "userId": user_id,
        "username": username,
        "score": score,
        "lastUpdate": last_update,
    }


OWN = standing(7, USER_ID, USERNAME, 1350, "2026-11-27T10:00:00.412000Z")
ABOVE = standing(6, ABOVE_ID, "otto_w", 1410, "2026-11-27T09:58:41.077000Z")
BELOW = standing(8, BELOW_ID, "نجمة", 1290, "2026-11-27T09:12:05.630000Z")
FIRST = standing(1, FIRST_ID, "Kestrel", 4820, "2026-11-27T09:59:58.204000Z")
TOTAL_USERS = 128
PERCENTILE = 94.53

RECORD = {
    "actionId": ACTION_ID,
    "status": "applied",
    "score": 150,
    "timestamp": COMPLETED_AT,
    "metadata": {"actionType": "level_complete", "level": 5},
    "newScore": 1350,
    "previousScore": 1200,
    "reason": None,
    "acceptedAt": ACCEPTED_AT,
    "completedAt": SCORED_AT,
}
HELD_RECORD = {
    "actionId": HELD_ACTION_ID,
    "status": "quarantined",
    "score": 900,
    "timestamp": "2026-11-27T09:41:12Z",
    "metadata": {"actionType": "boss_defeated"},
    "newScore": None,
    "previousScore": None,
    "reason": "SCORE_BURST",
    "acceptedAt": "2026-11-27T09:41:12.518340Z",
    "completedAt": "2026-11-27T09:41:12.540127Z",
    "appeal": {"at": "2026-11-27T09:50:03.127781Z", "state": "open"},
}
REWARD = {
    "board": BOARD,
    "period": "2026-W47",
    "segment": "DE",
    "rank": 2,
    "reward": "silver",
    "grantedAt": "2026-11-23T00:00:05.118240Z",
}
TOKENS = {
    "accessToken": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ".eyJzdWIiOiIwZjljNmE1Yi1lMWQ3LTQyODMtOTRhMS1jMDVkNmU3ZmI4MjMifQ.c2lnbmF0dXJl",
    "refreshToken": "Qoe5quTBVOfMz7ROAEOxNA.leO2VrmOEYNUknxwB1jnvJ2CNG3mXdUaPU_WjUZygb0",
    "expiresIn": 3600,
}
