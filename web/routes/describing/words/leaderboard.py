"""The words of the leaderboard and of players' scores."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample
from web.routes.describing.words.row import OperationWords, only

_LAST_UPDATED = "2026-11-27T10:00:00.412000Z"
_PLAYER: Mapping[str, Any] = {
    "userId": sample.USER_ID,
    "username": sample.USERNAME,
    "score": 1350,
    "rank": 7,
    "totalActions": 11,
    "firstAction": "2026-11-02T18:25:40.337129Z",
    "lastAction": sample.ACCEPTED_AT,
}

LEADERBOARD_WORDS: Mapping[str, OperationWords] = {
    "leaderboard.top": OperationWords(
        description="The best players of all time, a page at a time. Send the `ETag` back as"
        " `If-None-Match`, and an unchanged board is a `304` without a body. Of equal scores the"
        " one reached first ranks higher.",
        answers={
            200: {
                "the top": {
                    "leaderboard": [sample.FIRST],
                    "totalUsers": sample.TOTAL_USERS,
                    "lastUpdated": _LAST_UPDATED,
                    "nextCursor": "cjEuNDgyMC4x",
                },
                "nobody has played": {
                    "leaderboard": [],
                    "totalUsers": 0,
                    "lastUpdated": None,
                    "nextCursor": None,
                },
            }
        },
    ),
    "leaderboard.own_standing": OperationWords(
        description="One's own row, the rows around it and the top, all of one moment. `you` and"
        " `percentile` are null for a player who is not on the board.",
        answers={
            200: only(
                {
                    "you": sample.OWN,
                    "percentile": sample.PERCENTILE,
                    "around": [sample.ABOVE, sample.OWN, sample.BELOW],
                    "leaderboard": [sample.FIRST],
                    "totalUsers": sample.TOTAL_USERS,
                    "lastUpdated": _LAST_UPDATED,
                }
            )
        },
    ),
    "users.score": OperationWords(
        description="A player's score, rank and statistics, of applied actions only.",
        answers={200: only(_PLAYER)},
    ),
    "score_history.history": OperationWords(
        description="What everybody may see of a player: the numbers, the score over time in at"
        " most 120 points, and the last ten applied actions. Spectators may read it.",
        answers={
            200: only(
                {
                    **_PLAYER,
                    "isWhole": False,
                    "points": [
                        {"at": "2026-11-02T18:25:40.337129Z", "score": 100},
                        {"at": "2026-11-20T19:02:11.048372Z", "score": 1200},
                        {"at": sample.ACCEPTED_AT, "score": 1350},
                    ],
                    "lastActions": [
                        {
                            "at": sample.ACCEPTED_AT,
                            "actionType": "level_complete",
                            "score": 150,
                            "newScore": 1350,
                        }
                    ],
                }
            )
        },
    ),
    "board_joining.join": OperationWords(
        description="For a board with `joinRequired`: actions that come in from now on count"
        " there. Repeating it changes nothing.",
        answers={200: only({"board": "season", "joinedAt": "2026-11-27T09:54:12.510342Z"})},
    ),
}
