"""The ledger: the applied actions of players in order of id, of the table and of archives alike.

Called by what makes rankings again: builds, replays, verification.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from pathlib import Path
from uuid import UUID

from domain.rankings.ledger.archived import ArchivedActions, open_manifests
from domain.rankings.model import CountedAction
from domain.store.postgres.archives import ArchivedPartition, list_archived_partitions
from domain.store.postgres.rankings.ledger.actions import (
    LedgerPlayer,
    Span,
    find_owners,
    iterate_applied,
    list_players,
)
from domain.store.store import Connection

CHUNK_PLAYERS = 500
# Of the players of one chunk together, unless one player alone has more.
CHUNK_ACTIONS = 20_000

PlayersActions = tuple[LedgerPlayer, Iterable[CountedAction]]


class ArchiveReader:
    """Reads the archived actions of one chunk of players after the other.

    Begins again when a month has been archived meanwhile. `folder` is where the archives are.
    """

    def __init__(self, folder: Path, *, span: Span):
        self._folder = folder
        self._span = span
        self._archives: list[ArchivedPartition] | None = None
        self._actions: ArchivedActions | None = None
        self._reached: UUID | None = None

    def take(
        self, connection: Connection, *, after: UUID | None, last: UUID
    ) -> Iterator[CountedAction]:
        """Yield the actions of the players behind `after` up to `last`.

        In a transaction that holds the months. Raises ArchiveUnreadableError.
        """
        actions = self._follow(connection, after)
        yield from actions.take_until(last)
        self._reached = last

    def _follow(self, connection: Connection, after: UUID | None) -> ArchivedActions:
        archives = list_archived_partitions(connection)
        if self._actions is None or archives != self._archives or self._reached != after:
            manifests = open_manifests(self._folder, archives, span=self._span)
            ends = [part.last_action_id for each in manifests for part in each.parts]
            self._actions = ArchivedActions(
                self._folder,
                manifests,
                span=self._span,
                after=after,
                owners=find_owners(connection, action_ids=ends) if after and ends else None,
            )
            self._archives = archives
        return self._actions


def id_before(user_id: UUID) -> UUID | None:
    """Return the id behind which one player's actions are read; None for the first of all."""
    return UUID(int=user_id.int - 1) if user_id.int else None


def list_chunk(connection: Connection, *, after: UUID | None) -> list[LedgerPlayer]:
    """Return the next players behind `after` whose actions are folded together."""
    players = list_players(connection, after=after, limit=CHUNK_PLAYERS)
    actions = 0
    for number, player in enumerate(players):
        actions += player.actions
        if number and actions > CHUNK_ACTIONS:
            return players[:number]
    return players


def iterate_ledger(
    connection: Connection, archives: ArchiveReader, *, span: Span, with_metadata: bool
) -> Iterator[PlayersActions]:
    """Yield every player with all actions of the span, each of which must be read before the next.

    In a transaction of one moment that holds the months; memory is bounded. Raises
    ArchiveUnreadableError.
    """
    after: UUID | None = None
    while players := list_chunk(connection, after=after):
        last = players[-1].user_id
        archived = archives.take(connection, after=after, last=last)
        live = iterate_applied(
            connection, after=after, last=last, span=span, with_metadata=with_metadata
        )
        yield from group_by_player(players, archived, live)
        after = last


def group_by_player(
    players: Sequence[LedgerPlayer], *sources: Iterable[CountedAction]
) -> Iterator[PlayersActions]:
    """Yield each player with the actions of all sources, which are in order of player and number.

    A player without actions is there too.
    """
    actions = merge(*sources, key=lambda action: (action.user_id, action.action_no))
    groups = groupby(actions, key=lambda action: action.user_id)
    user_id, group = next(groups, (None, None))
    for player in players:
        while user_id is not None and user_id < str(player.user_id):
            user_id, group = next(groups, (None, None))
        if user_id == str(player.user_id) and group is not None:
            yield player, group
            user_id, group = next(groups, (None, None))
        else:
            yield player, ()
