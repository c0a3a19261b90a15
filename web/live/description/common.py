"""Fields that many messages share, and the schemas of the document's components."""

from collections.abc import Mapping
from typing import Any

from web.live.channel_names import AROUND_SELF, LEADERBOARD, OWN_CHANNEL
from web.live.description.message import (
    Schema,
    component,
    constant,
    list_of,
    moment,
    or_null,
    record,
    text,
    user_id,
    whole,
)
from web.live.protocol import MAX_EPOCH_LENGTH, MAX_ID_LENGTH, MAX_SEQ

OWN, TOP, AROUND = OWN_CHANNEL, LEADERBOARD, AROUND_SELF
BOARD_TOP = "leaderboard:{board}"
BOARD_AROUND = "around:{board}:self"

TIMESTAMP = moment("When this was so")
MESSAGE_ID: Schema = {
    "type": ["string", "integer", "null"],
    "maxLength": MAX_ID_LENGTH,
    "description": "The client's own, from the message that this answers; null when it is unasked",
}
RANK = whole("From 1", minimum=1)
TOTAL_USERS = whole("How many players the board has", minimum=0)
EPOCH = text(
    "Names one unbroken run of positions; empty while positions are not known",
    maxLength=MAX_EPOCH_LENGTH,
)
SEQ = whole("Where the channel's listeners stand after this", minimum=0, maximum=MAX_SEQ)
POSITION: Mapping[str, Schema] = {"epoch": EPOCH, "seq": SEQ}
STEP: Mapping[str, Schema] = {
    "epoch": EPOCH,
    "from": whole("The channel's position before this", minimum=0, maximum=MAX_SEQ),
    "seq": SEQ,
}
NUMBER: Schema = {"type": "number", "description": "In the board's decimals"}

_ROW: Mapping[str, Schema] = {
    "rank": RANK,
    "userId": user_id(),
    "username": text("The player's name"),
    "score": whole("The player's score"),
    "lastUpdate": moment("When the score last changed"),
}
_BOARD_ROW: Mapping[str, Schema] = {
    **_ROW,
    "rank": whole("From 1; players may share one if the board's rule of ties says so", minimum=1),
    "score": NUMBER,
    "columns": list_of(NUMBER, "What breaks ties"),
}
COMPONENTS: Mapping[str, Schema] = {
    "Row": record(_ROW),
    "BoardRow": record(_BOARD_ROW),
    "IndexedBoardRow": record(
        {"index": whole("The row's place, from 0", minimum=0), **_BOARD_ROW},
    ),
}
ROW, BOARD_ROW, INDEXED_ROW = map(component, COMPONENTS)

YOU = or_null(ROW)
PREVIOUS_RANK = whole(
    "Before, in view or behind it; null for who was not among the first hundred rows", minimum=1
)
REMOVED = list_of(user_id(), "Players who are not in view any more")

ANN = "5f0f6a1c-1c70-4c3f-9d0a-6a1d7c1f2a11"
BOB = "a3b1f0de-58a4-4a58-8a0e-0f5f1c9a7b22"
ACTION = "0b9a3c52-7e0e-4d8f-8f0b-3f7b1c2d4e33"
AT = "2025-08-08T10:00:00.125000Z"
EXAMPLE_POSITION = {"epoch": "8fc6b1d20a37e945", "seq": 42}
EXAMPLE_STEP = {"epoch": "8fc6b1d20a37e945", "from": 41, "seq": 42}


def event_fields(event: str, channel: Schema | None = None, **fields: Schema) -> dict[str, Schema]:
    """Return the fields of an event: its name, its channel if it is of one, and these."""
    of_channel = {} if channel is None else {"channel": channel}
    return {"event": constant(event), **of_channel, **fields}


def example_row(user: str, name: str, rank: int, score: int) -> dict[str, Any]:
    """Return a row of an example."""
    return {"rank": rank, "userId": user, "username": name, "score": score, "lastUpdate": AT}
