"""All operations' words in one table; a guard compares it with the routes' table."""

from collections.abc import Mapping

from web.routes.describing.words.accounts import ACCOUNT_WORDS
from web.routes.describing.words.actions import ACTION_WORDS
from web.routes.describing.words.administration import ADMINISTRATION_WORDS
from web.routes.describing.words.boards import BOARD_WORDS
from web.routes.describing.words.leaderboard import LEADERBOARD_WORDS
from web.routes.describing.words.moderation import MODERATION_WORDS
from web.routes.describing.words.row import OperationWords
from web.routes.describing.words.service import SERVICE_WORDS

WORDS: Mapping[str, OperationWords] = {
    **ACTION_WORDS,
    **LEADERBOARD_WORDS,
    **BOARD_WORDS,
    **ACCOUNT_WORDS,
    **SERVICE_WORDS,
    **MODERATION_WORDS,
    **ADMINISTRATION_WORDS,
}
"""By `operationId`. Generated clients are named by these: one that is released does not change."""
