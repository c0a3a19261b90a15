"""Erasing what is stored of a player beside name and password, which `changes.py` destroys.

Scores, ranks and the audit log are of everybody: what they are made of stays under the player's id.
"""

from uuid import UUID

from domain.store.postgres.accounts.erasure import (
    erase_action_texts,
    erase_rows,
    lock_batches_of,
)
from domain.store.postgres.rankings.catalog import list_counted_versions, share_catalog
from domain.store.postgres.rankings.moves import lock_player_score
from domain.store.postgres.transactions import allow_long_queries
from domain.store.store import Connection


def erase_traces(connection: Connection, *, user_id: UUID) -> None:
    """Erase where the player came from and what was said by and about the player.

    Of the actions' metadata stays what a board reads, of which rows are made again. Before other
    changes of the player in the transaction. May take minutes for a player of very many actions.
    Raises DatabaseUnavailableError.
    """
    allow_long_queries(connection)
    share_catalog(connection)
    batches = lock_batches_of(connection, user_id=user_id)
    lock_player_score(connection, user_id=user_id)
    definitions = [version.definition for version in list_counted_versions(connection)]
    paths = {path for definition in definitions for path in definition.metadata_paths}
    erase_action_texts(connection, user_id=user_id, batches=batches, paths=paths)
    erase_rows(connection, user_id=user_id)
