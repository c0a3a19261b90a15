"""The words of boards for their readers."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample
from web.routes.describing.words.row import OperationWords, only

DEFINITION: Mapping[str, Any] = {
    "id": sample.BOARD,
    "title": "This week",
    "actionTypes": [],
    "where": {},
    "value": "score",
    "aggregate": "sum",
    "direction": "desc",
    "tieBreakers": [],
    "ties": "firstToReach",
    "decimals": 0,
    "period": {"kind": "weekly", "startsOn": "monday"},
    "timeZone": "UTC",
    "segment": "player.country",
    "joinRequired": False,
    "attempts": None,
    "multipliers": [],
    "rewards": [{"ranks": [1, 1], "reward": "gold"}, {"ranks": [2, 3], "reward": "silver"}],
    "readers": "everyone",
    "keepPeriods": 12,
}
_PERIOD: Mapping[str, Any] = {
    "board": sample.BOARD,
    "boardVersion": 1,
    "period": sample.PERIOD,
    "periodStart": "2026-11-23T00:00:00Z",
    "periodEnd": "2026-11-30T00:00:00Z",
    "nextReset": "2026-11-30T00:00:00Z",
}
_BOARD: Mapping[str, Any] = {**_PERIOD, "state": "live", "definition": DEFINITION}
_RANKING: Mapping[str, Any] = {**_PERIOD, "segment": "DE", "revision": None, "totalUsers": 34}


def _row(rank: int, of: Mapping[str, Any], score: int) -> Mapping[str, Any]:
    return {**of, "rank": rank, "score": score, "columns": []}


_FIRST = _row(1, sample.FIRST, 610)
_OWN = _row(2, sample.OWN, 480)
_PLACE: Mapping[str, Any] = {
    **_RANKING,
    "percentile": 94.12,
    "gapToNext": 130,
    "rankAtDayStart": 4,
}
_THEN: Mapping[str, Any] = {
    "at": "2026-11-26T12:00:00Z",
    "period": sample.PERIOD,
    "rank": 4,
    "score": 330,
    "columns": [],
    "totalUsers": 31,
}

BOARD_WORDS: Mapping[str, OperationWords] = {
    "boards.list_all": OperationWords(
        description="Every board that the caller may read, with its definition and its period of"
        " now. Without a token, those for everyone.",
        answers={200: only({"boards": [_BOARD]})},
    ),
    "boards.one": OperationWords(
        description="One board, the segments in which somebody plays now, and how far the next"
        " version is computed.",
        answers={200: only({**_BOARD, "segments": ["DE", "FR"], "building": None})},
    ),
    "boards.standings": OperationWords(
        description="A page of a board, of the current, the previous or a named period. A board"
        " that is split needs `segment`. Pages that are read within two minutes show everyone"
        " once, as of the moment of the first; after that `410 CURSOR_EXPIRED`: begin again.",
        answers={200: only({**_RANKING, "leaderboard": [_FIRST, _OWN], "nextCursor": "cjIuNDgw"})},
    ),
    "boards.rank_of_score": OperationWords(
        description="The rank that a score would have now; nothing is written. Without `columns`"
        " it comes behind all with the same score.",
        answers={200: only({**_RANKING, "score": 480, "rank": 3})},
    ),
    "board_players.own": OperationWords(
        description="One's own row of a board, the rows around it, the top, and what the next"
        " better rank lacks, all of one moment. On a board that is split, of one's own segment.",
        answers={
            200: only(
                {**_PLACE, "you": _OWN, "around": [_FIRST, _OWN], "leaderboard": [_FIRST, _OWN]}
            )
        },
    ),
    "board_players.one": OperationWords(
        description="The place of one player on a board.",
        answers={200: only({**_PLACE, "player": _OWN})},
    ),
    "rank_history.history": OperationWords(
        description="Where a player stood, as a replay of the ledger gives it: at one moment"
        " (`at`), at `points` moments of a span (`from`, `until`), or at the ends of the last 30"
        " days.",
        answers={
            200: {
                "a span": {**_PERIOD, "userId": sample.USER_ID, "points": [_THEN]},
                "one moment": {**_PERIOD, "userId": sample.USER_ID, **_THEN},
            }
        },
    ),
    "past_scores.list_all": OperationWords(
        description="By which scores up to 20 players came to those of now: of each the last ones,"
        " for the small line beside a row. Of whom they cannot be told by the last 100 actions"
        " there is the score of now alone. Spectators may read it.",
        answers={
            200: only(
                {
                    **_PERIOD,
                    "segment": "DE",
                    "players": [{"userId": sample.USER_ID, "scores": [120, 300, 480]}],
                }
            )
        },
    ),
    "player_boards.list_all": OperationWords(
        description="A player's place on each of the first 20 boards that the caller may read, in"
        " the periods of now. Spectators may read it.",
        answers={
            200: only({"places": [{**_PLACE, "title": "This week", "rank": 2, "score": 480}]})
        },
    ),
}
