"""What is stored of an account beside its scores and actions, for the player who asks.

Called by the exports of `web/routes/own`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import NotFoundError
from domain.rankings.closing.winners import GrantedReward
from domain.store.postgres.accounts.attributes import find_attributes
from domain.store.postgres.accounts.holdings import list_holdings
from domain.store.postgres.accounts.identities import find_created_at, find_identity_of
from domain.store.postgres.accounts.second_factors import has_second_factor
from domain.store.postgres.accounts.sessions import OpenSession, list_sessions
from domain.store.postgres.rankings.closing.rewards import list_rewards_of
from domain.store.store import Store

MOST_REWARDS = 10_000


@dataclass(frozen=True, slots=True)
class AccountExport:
    """An identity, without secrets, its open sessions, and its rewards, MOST_REWARDS at most."""

    user_id: UUID
    username: str
    has_password: bool
    has_second_factor: bool
    created_at: datetime
    sessions: Sequence[OpenSession]
    attributes: Mapping[str, str]
    rewards: Sequence[GrantedReward]


def export_account(store: Store, *, user_id: UUID, now: datetime) -> AccountExport:
    """Return what is stored of the account; raises NotFoundError when that is nothing."""
    with store.write() as connection:
        identity = find_identity_of(connection, user_id=user_id)
        created_at = find_created_at(connection, user_id=user_id)
        sessions = list_sessions(connection, user_id=user_id, now=now)
        attributes = find_attributes(connection, user_id=user_id)
        has_factor = has_second_factor(connection, user_id=user_id)
        rewards = list_rewards_of(connection, user_id=user_id, before_no=None, limit=MOST_REWARDS)
    if identity is None or created_at is None:
        raise NotFoundError("Nothing is stored of this player yet")
    return AccountExport(
        user_id=user_id,
        username=identity.username,
        has_password=identity.password_hash is not None,
        has_second_factor=has_factor,
        created_at=created_at,
        sessions=sessions,
        attributes=attributes.values if attributes else {},
        rewards=rewards,
    )


def export_holdings(store: Store, *, user_id: UUID) -> dict[str, Any]:
    """Return what fraud detection and moderation have stored of the player, by field."""
    with store.read() as connection:
        return list_holdings(connection, user_id=user_id)
