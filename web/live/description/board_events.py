"""What the server says of the boards that are data."""

from web.live.description.common import (
    ANN,
    AT,
    BOARD_AROUND,
    BOARD_ROW,
    BOARD_TOP,
    BOB,
    EXAMPLE_POSITION,
    EXAMPLE_STEP,
    INDEXED_ROW,
    NUMBER,
    POSITION,
    PREVIOUS_RANK,
    RANK,
    REMOVED,
    STEP,
    TIMESTAMP,
    TOTAL_USERS,
    event_fields,
    example_row,
)
from web.live.description.message import (
    DescribedMessage,
    Schema,
    list_of,
    moment,
    or_null,
    record,
    text,
    user_id,
    whole,
)

_SLUG = "[a-z0-9-]{1,32}"
_TOP_CHANNEL = text("The channel's name", pattern=f"^leaderboard:{_SLUG}$")
_AROUND_CHANNEL = text("The channel's name", pattern=f"^around:{_SLUG}:self$")
_BOTH_CHANNELS = text("The channel's name", pattern=f"^(leaderboard:{_SLUG}|around:{_SLUG}:self)$")
_PART: dict[str, Schema] = {
    "board": text("The board's id"),
    "segment": or_null(text("Which part of a board that is split")),
}
_PERIOD = text("The period's key")
_CURRENT: dict[str, Schema] = {
    **_PART,
    "boardVersion": whole("Which of the board's definitions", minimum=1),
    "period": _PERIOD,
    "periodStart": or_null(moment("When the period began")),
    "periodEnd": or_null(moment("When the period ends")),
}
_CHANGE: Schema = record(
    {
        "userId": user_id(),
        "username": text("The player's name"),
        "score": NUMBER,
        "columns": list_of(NUMBER, "What breaks ties"),
        "index": whole("The row's place, from 0", minimum=0),
        "newRank": RANK,
        "previousRank": or_null(PREVIOUS_RANK),
        "lastUpdate": moment("When the score last changed"),
    }
)
_AROUND_FIELDS: dict[str, Schema] = {
    **_CURRENT,
    "you": or_null(BOARD_ROW),
    "gapToNext": or_null(NUMBER),
    "around": list_of(BOARD_ROW, "The client's row among its neighbors, in order"),
    "totalUsers": TOTAL_USERS,
    "timestamp": TIMESTAMP,
}
_REWARD: Schema = record(
    {
        "userId": user_id(),
        "rank": RANK,
        "reward": {"description": "What the board's definition grants"},
    }
)

_EXAMPLE_PART = {"board": "weekly", "segment": None}
_EXAMPLE_CURRENT = {
    **_EXAMPLE_PART,
    "boardVersion": 1,
    "period": "2025-W32",
    "periodStart": "2025-08-04T00:00:00Z",
    "periodEnd": "2025-08-11T00:00:00Z",
}
_ANN = {**example_row(ANN, "ann", 1, 120), "columns": [7]}
_BOB = {**example_row(BOB, "bob", 2, 90), "columns": [5]}
_AROUND_EXAMPLE = {
    "channel": "around:weekly:self",
    **_EXAMPLE_CURRENT,
    "you": _BOB,
    "gapToNext": 30,
    "around": [_ANN, _BOB],
    "totalUsers": 2,
    "timestamp": AT,
}

BOARD_EVENTS = (
    DescribedMessage(
        name="board_snapshot",
        summary="The first rows of the period of now at a position",
        channels=(BOARD_TOP,),
        fields=event_fields(
            "snapshot",
            _TOP_CHANNEL,
            **POSITION,
            **_CURRENT,
            leaderboard=list_of(INDEXED_ROW, "The first rows, in order"),
            totalUsers=TOTAL_USERS,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "snapshot",
                "channel": "leaderboard:weekly",
                **EXAMPLE_POSITION,
                **_EXAMPLE_CURRENT,
                "leaderboard": [{"index": 0, **_ANN}, {"index": 1, **_BOB}],
                "totalUsers": 2,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="board_changed",
        summary="Drop `removed`, put in `changes`, order by `index`: this is the next snapshot",
        channels=(BOARD_TOP,),
        fields=event_fields(
            "leaderboard_changed",
            _TOP_CHANNEL,
            **STEP,
            **_PART,
            period=_PERIOD,
            changes=list_of(_CHANGE, "Rows that are new or different"),
            removed=REMOVED,
            totalUsers=TOTAL_USERS,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "leaderboard_changed",
                "channel": "leaderboard:weekly",
                **EXAMPLE_STEP,
                **_EXAMPLE_PART,
                "period": "2025-W32",
                "changes": [
                    {
                        "userId": ANN,
                        "username": "ann",
                        "score": 120,
                        "columns": [7],
                        "index": 0,
                        "newRank": 1,
                        "previousRank": None,
                        "lastUpdate": AT,
                    }
                ],
                "removed": [BOB],
                "totalUsers": 2,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="board_around_snapshot",
        summary="The rows around the client's own on a board, as a subscription begins",
        channels=(BOARD_AROUND,),
        fields=event_fields("snapshot", _AROUND_CHANNEL, **_AROUND_FIELDS),
        examples=[{"event": "snapshot", **_AROUND_EXAMPLE}],
    ),
    DescribedMessage(
        name="board_around",
        summary="The rows around the client's own on a board, whole, when they have changed",
        channels=(BOARD_AROUND,),
        fields=event_fields("around", _AROUND_CHANNEL, **_AROUND_FIELDS),
        examples=[{"event": "around", **_AROUND_EXAMPLE}],
    ),
    DescribedMessage(
        name="period_closed",
        summary="A period has been sealed, or a further revision of it; sent once",
        channels=(BOARD_TOP, BOARD_AROUND),
        fields=event_fields(
            "period_closed",
            _BOTH_CHANNELS,
            **_PART,
            period=_PERIOD,
            revision=whole("From 1", minimum=1),
            rows=whole("How many players were in it", minimum=0),
            closedAt=moment("When it was sealed"),
            nextPeriod=or_null(_PERIOD),
            rewards=list_of(_REWARD, "Whom it has granted what"),
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "period_closed",
                "channel": "leaderboard:weekly",
                **_EXAMPLE_PART,
                "period": "2025-W31",
                "revision": 1,
                "rows": 2,
                "closedAt": AT,
                "nextPeriod": "2025-W32",
                "rewards": [{"userId": ANN, "rank": 1, "reward": {"coins": 100}}],
                "timestamp": AT,
            }
        ],
    ),
)
