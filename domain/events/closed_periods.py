"""The message that a period has closed, pure: what the bus of rankings carries beside their
changes.

Written by `domain/rankings/closing/closing.py` after the commit. It is sent once and kept nowhere:
a listener who missed it reads the board, which says the same.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from domain.rankings.closing.sealing import Seal
from domain.rankings.closing.winners import Winner

KIND = "period_closed"
MOST_REWARDS = 100


def encode_period_closed(
    *,
    board: str,
    period: str,
    segment: str,
    seal: Seal,
    next_period: str | None,
    winners: Sequence[Winner],
) -> bytes:
    """Return the message of one seal, with the first MOST_REWARDS of what was granted with it.

    `kind` tells it from the messages of batches. `nextPeriod` is the one that runs now, null when
    none does.
    """
    message: dict[str, Any] = {
        "kind": KIND,
        "board": board,
        "period": period,
        "segment": segment,
        "revision": seal.revision,
        "rows": seal.digest.rows,
        "closedAt": seal.sealed_at,
        "nextPeriod": next_period,
        "rewards": [
            {"userId": str(winner.user_id), "rank": winner.rank, "reward": winner.reward}
            for winner in winners[:MOST_REWARDS]
        ],
    }
    return orjson.dumps(message)
