"""What the server says of the leaderboard and of the client's own place on it."""

from web.live.description.common import (
    ACTION,
    ANN,
    AROUND,
    AT,
    BOB,
    EXAMPLE_POSITION,
    EXAMPLE_STEP,
    OWN,
    POSITION,
    PREVIOUS_RANK,
    RANK,
    REMOVED,
    ROW,
    STEP,
    TIMESTAMP,
    TOP,
    TOTAL_USERS,
    YOU,
    event_fields,
    example_row,
)
from web.live.description.message import (
    DescribedMessage,
    Schema,
    constant,
    list_of,
    moment,
    or_null,
    record,
    text,
    user_id,
    whole,
)

_ANN, _BOB = example_row(ANN, "ann", 1, 1250), example_row(BOB, "bob", 2, 900)
_CHANGE: Schema = record(
    {
        "userId": user_id(),
        "username": text("The player's name"),
        "score": whole("The player's score"),
        "newRank": RANK,
        "previousRank": or_null(PREVIOUS_RANK),
        "lastUpdate": moment("When the score last changed"),
    }
)
_AROUND_FIELDS: dict[str, Schema] = {
    "you": YOU,
    "gapToNext": or_null(whole("What is missing to the score of the player before", minimum=0)),
    "around": list_of(ROW, "The client's row among its neighbors, in order"),
    "totalUsers": TOTAL_USERS,
    "timestamp": TIMESTAMP,
}
_AROUND_EXAMPLE = {
    "channel": AROUND,
    "you": _BOB,
    "gapToNext": 350,
    "around": [_ANN, _BOB],
    "totalUsers": 2,
    "timestamp": AT,
}

LEADERBOARD_EVENTS = (
    DescribedMessage(
        name="leaderboard_snapshot",
        summary="The first rows at a position; all that the client knew before is replaced",
        channels=(TOP,),
        fields=event_fields(
            "snapshot",
            constant(TOP),
            **POSITION,
            leaderboard=list_of(ROW, "The first rows, in order"),
            totalUsers=TOTAL_USERS,
            you=YOU,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "snapshot",
                "channel": TOP,
                **EXAMPLE_POSITION,
                "leaderboard": [_ANN, _BOB],
                "totalUsers": 2,
                "you": _BOB,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="own_snapshot",
        summary="The client's own row at a position",
        channels=(OWN,),
        fields=event_fields(
            "snapshot",
            constant(OWN),
            **POSITION,
            totalUsers=TOTAL_USERS,
            you=YOU,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "snapshot",
                "channel": OWN,
                **EXAMPLE_POSITION,
                "totalUsers": 2,
                "you": None,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="score_updated",
        summary="A score has changed: one's own by each action, on the leaderboard of who is seen",
        channels=(OWN, TOP),
        fields=event_fields(
            "score_updated",
            {"type": "string", "enum": [OWN, TOP], "description": "The channel's name"},
            userId=user_id(),
            newScore=whole("The score at `seq`"),
            scoreIncrease=whole("Negative when an action is taken back"),
            newRank=or_null(RANK),
            timestamp=TIMESTAMP,
            **STEP,
            actionId=text("The last of the actions that are summed", format="uuid"),
            previousScore=whole("The score before the action"),
            merged=whole("How many actions are summed", minimum=1),
        ),
        examples=[
            {
                "event": "score_updated",
                "userId": ANN,
                "newScore": 1250,
                "scoreIncrease": 50,
                "newRank": 1,
                "timestamp": AT,
                "channel": OWN,
                **EXAMPLE_STEP,
                "actionId": ACTION,
                "previousScore": 1200,
                "merged": 1,
            }
        ],
    ),
    DescribedMessage(
        name="user_position_changed",
        summary="The client's own rank has changed, by its actions or by others'",
        channels=(OWN,),
        fields=event_fields(
            "user_position_changed",
            constant(OWN),
            userId=user_id(),
            newScore=whole("The player's score"),
            scoreIncrease={"type": "integer", "const": 0},
            newRank=or_null(RANK),
            previousRank=or_null(RANK),
            reason={
                "type": "string",
                "enum": ["advanced", "overtaken", "moderation", "resumed"],
                "description": "What has moved the player; `resumed` says the rank of now",
            },
            timestamp=TIMESTAMP,
            **STEP,
        ),
        examples=[
            {
                "event": "user_position_changed",
                "userId": BOB,
                "newScore": 900,
                "scoreIncrease": 0,
                "newRank": 2,
                "previousRank": 1,
                "reason": "overtaken",
                "timestamp": AT,
                "channel": OWN,
                **EXAMPLE_STEP,
            }
        ],
    ),
    DescribedMessage(
        name="leaderboard_changed",
        summary="Drop `removed`, put in `changes`, order by `newRank`: this is the next snapshot",
        channels=(TOP,),
        fields=event_fields(
            "leaderboard_changed",
            constant(TOP),
            **STEP,
            changes=list_of(_CHANGE, "Rows that are new or different"),
            removed=REMOVED,
            totalUsers=TOTAL_USERS,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "leaderboard_changed",
                "channel": TOP,
                **EXAMPLE_STEP,
                "changes": [
                    {
                        "userId": ANN,
                        "username": "ann",
                        "score": 1250,
                        "newRank": 1,
                        "previousRank": 2,
                        "lastUpdate": AT,
                    }
                ],
                "removed": [],
                "totalUsers": 2,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="around_snapshot",
        summary="The rows around the client's own, as a subscription begins",
        channels=(AROUND,),
        fields=event_fields("snapshot", constant(AROUND), **_AROUND_FIELDS),
        examples=[{"event": "snapshot", **_AROUND_EXAMPLE}],
    ),
    DescribedMessage(
        name="around",
        summary="The rows around the client's own, whole, when they have changed",
        channels=(AROUND,),
        fields=event_fields("around", constant(AROUND), **_AROUND_FIELDS),
        examples=[{"event": "around", **_AROUND_EXAMPLE}],
    ),
)
