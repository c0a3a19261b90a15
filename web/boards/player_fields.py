"""A player's score, statistics and rank as JSON fields; called by the views of players."""

from typing import Any

from domain.boards.players import PlayerScore


def player_fields(player: PlayerScore) -> dict[str, Any]:
    """Return the player's numbers."""
    return {
        "userId": player.user_id,
        "username": player.username,
        "score": player.score,
        "rank": player.rank,
        "totalActions": player.total_actions,
        "firstAction": player.first_action,
        "lastAction": player.last_action,
    }
