"""What a player's exports say of the account, beside the actions."""

from typing import Any

from domain.accounts.exporting import AccountExport
from domain.boards.players import PlayerScore
from domain.rankings.closing.winners import GrantedReward


def describe_account(account: AccountExport, player: PlayerScore) -> dict[str, Any]:
    """Return the account with its score, its open sessions and its rewards."""
    return {
        "userId": account.user_id,
        "username": account.username,
        "hasPassword": account.has_password,
        "hasSecondFactor": account.has_second_factor,
        "attributes": account.attributes,
        "createdAt": account.created_at,
        "score": player.score,
        "rank": player.rank,
        "totalActions": player.total_actions,
        "firstAction": player.first_action,
        "lastAction": player.last_action,
        "sessions": [
            {
                "sessionId": session.session_id,
                "createdAt": session.created_at,
                "expiresAt": session.expires_at,
            }
            for session in account.sessions
        ],
        "rewards": [describe_reward(reward) for reward in account.rewards],
    }


def describe_reward(reward: GrantedReward) -> dict[str, Any]:
    """Return what was granted when a period closed."""
    return {
        "board": reward.board,
        "period": reward.period_key,
        "segment": reward.segment,
        "rank": reward.rank,
        "reward": reward.reward,
        "grantedAt": reward.granted_at,
    }
