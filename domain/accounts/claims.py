"""Names that tokens claim: a changed claim renames a player whose name is not the account's own.

Called by `web/intake/claims.py`, in the background.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.accounts.names import alternative_username, clean_username, is_generated
from domain.accounts.publishing import show_name
from domain.boards.model import BoardId
from domain.errors import UnstorableDataError
from domain.store.postgres.accounts.identities import (
    MAX_CLAIM_CHARS,
    ClaimedIdentity,
    list_claimed,
    record_claim,
    rename_identity,
)
from domain.store.store import Store

RENAME_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The name in a token, and when the token was issued."""

    name: str
    issued_at: datetime


def follow_claims(
    store: Store, *, board: BoardId, claims: Mapping[UUID, Claim], now: datetime
) -> frozenset[UUID]:
    """Rename the players whose claim has changed; return those who have no row yet.

    A generated name gives way to a claim at once, any other at most once in RENAME_AFTER; that of a
    deleted account only to a token that was issued afterwards. Players
    with a password choose their name themselves. A name that is taken gets a suffix, and one that
    is not allowed changes nothing. Raises DatabaseUnavailableError.
    """
    with store.write() as connection:
        known = list_claimed(connection, user_ids=list(claims))
    for player in known:
        claim = claims[player.identity.user_id]
        if _is_due(player, claim, now):
            _follow(store, board, player, claim, now)
    return frozenset(claims.keys() - {player.identity.user_id for player in known})


def _is_due(player: ClaimedIdentity, claim: Claim, now: datetime) -> bool:
    if player.identity.password_hash is not None:
        return False
    if claim.name[:MAX_CLAIM_CHARS] == player.claimed_name:
        return False
    if player.renamed_at is None:
        return True
    if is_generated(player.identity.username):
        return claim.issued_at > player.renamed_at
    return now - player.renamed_at >= RENAME_AFTER


def _follow(
    store: Store, board: BoardId, player: ClaimedIdentity, claim: Claim, now: datetime
) -> None:
    identity = player.identity
    name = clean_username(claim.name)
    if name is not None and name != identity.username:
        for candidate in (name, alternative_username(name, identity.user_id)):
            if _try_rename(store, player, candidate, claim.name, now):
                show_name(store, board=board, user_id=identity.user_id, now=now)
                return
    with store.write() as connection:
        record_claim(connection, identity=identity, claim=claim.name)


def _try_rename(
    store: Store, player: ClaimedIdentity, name: str, claim: str, now: datetime
) -> bool:
    try:
        with store.write() as connection:
            return rename_identity(
                connection, identity=player.identity, username=name, now=now, claim=claim
            )
    except UnstorableDataError:
        # Another player took the name in the same moment.
        return False
