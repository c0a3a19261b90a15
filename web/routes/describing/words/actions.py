"""The words of actions and play sessions."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample
from web.routes.describing.words.row import OperationWords, only

ACTION = {
    "actionId": sample.ACTION_ID,
    "score": 150,
    "timestamp": sample.COMPLETED_AT,
    "metadata": {"actionType": "level_complete", "level": 5},
}
APPLIED = {
    "success": True,
    "newScore": 1350,
    "previousScore": 1200,
    "leaderboardPosition": 7,
    "actionId": sample.ACTION_ID,
}
_UNKNOWN: Mapping[str, Any] = {
    "newScore": None,
    "previousScore": None,
    "leaderboardPosition": None,
}

ACTION_WORDS: Mapping[str, OperationWords] = {
    "actions.complete": OperationWords(
        description="The main call: adds to the score of the token's player. It answers once the"
        " action is stored for good, and waits up to two seconds for its outcome; `Prefer` changes"
        " how long. `200`: it counts. `202`: it is stored and its outcome follows, or it is held"
        " for review. `403 FRAUD_DETECTED`: it is stored and was rejected. After a lost answer"
        " send the same `actionId`, `score` and `metadata` again: the action takes effect once,"
        " and `409 DUPLICATE_ACTION` has what became of it.",
        headers={202: ("Location", "Retry-After")},
        request={
            "with metadata": ACTION,
            "the least": {key: ACTION[key] for key in ("actionId", "score", "timestamp")},
        },
        answers={
            200: {
                "applied": APPLIED,
                "not on every board": {**APPLIED, "boards": {"speedrun": "VALUE_MISSING"}},
            },
            202: {
                "pending": {"success": True, "actionId": sample.ACTION_ID, "status": "pending"},
                "held": {"success": True, "actionId": sample.ACTION_ID, "status": "quarantined"},
            },
        },
    ),
    "actions.batch": OperationWords(
        description="Up to 1,000 actions in their order of effect; one that is bad fails alone, in"
        " its place of `results`. `200` when all are final, else `202`. A game server (role"
        " `service`) names the player of each action as `userId`. Counts as one request.",
        request=only(
            {
                "actions": [
                    ACTION,
                    {
                        "actionId": sample.SECOND_ACTION_ID,
                        "score": 40,
                        "timestamp": "2026-11-27T10:00:02Z",
                    },
                ]
            }
        ),
        answers={
            200: only(
                {
                    "success": True,
                    "results": [
                        {
                            "actionId": sample.ACTION_ID,
                            "status": "applied",
                            "newScore": 1350,
                            "previousScore": 1200,
                            "leaderboardPosition": 7,
                        },
                        {
                            "actionId": sample.SECOND_ACTION_ID,
                            "error": {
                                "code": "FRAUD_DETECTED",
                                "message": "The action was rejected",
                                "details": {"reason": "VELOCITY"},
                            },
                        },
                    ],
                }
            ),
            202: only(
                {
                    "success": True,
                    "results": [
                        {"actionId": sample.ACTION_ID, "status": "pending", **_UNKNOWN},
                        {"actionId": sample.SECOND_ACTION_ID, "status": "pending", **_UNKNOWN},
                    ],
                }
            ),
        },
    ),
    "actions.one": OperationWords(
        description="What became of one's own action: `pending`, then `applied`, `rejected`,"
        " `quarantined` (held for review) or `failed`; `voided` when a moderator took it back. A"
        " game server sees every player's.",
        answers={200: {"applied": sample.RECORD, "held, with an appeal": sample.HELD_RECORD}},
    ),
    "actions.appeal": OperationWords(
        description="Asks a moderator to look again at one's own action that was rejected, held or"
        " taken back, once.",
        headers={201: ("Location",)},
        request=only({"message": "I was there, ask my team."}),
        answers={
            201: only(
                {
                    "actionId": sample.ACTION_ID,
                    "at": "2026-11-27T10:04:33.910725Z",
                    "state": "open",
                }
            )
        },
    ),
    "actions.history": OperationWords(
        description="One's own actions, page by page: send `nextCursor` back as `cursor` until it"
        " is null.",
        answers={
            200: only(
                {
                    "actions": [sample.RECORD, sample.HELD_RECORD],
                    "nextCursor": sample.CURSOR,
                }
            )
        },
    ),
    "play_sessions.open_one": OperationWords(
        description="Begins a time of play that actions may name as `metadata.sessionId`; not the"
        " session of a login. A player has at most 20 open: one more ends the oldest. A game"
        " server names the player as `userId`.",
        request={"one's own": {}, "of a game server": {"userId": sample.USER_ID}},
        answers={
            201: only(
                {
                    "sessionId": sample.PLAY_SESSION_ID,
                    "startedAt": "2026-11-27T09:55:00.828476Z",
                    "expiresAt": "2026-11-27T13:55:00.828476Z",
                }
            )
        },
    ),
    "play_sessions.end": OperationWords(
        description="Ends a play session; one that has ended stays so."
    ),
}
