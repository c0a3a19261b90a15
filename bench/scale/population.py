"""Players who have played before, made by COPY: each has the score of one archived action.

Scores, statistics and archived totals agree, so `verify` holds. The archive itself has no rows:
ids of archived actions would need entries in the audit chain, and no number of players does.
"""

import io
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg2.extensions

from domain.archives.files import manifest_name, part_name, write_lines, write_manifest
from domain.archives.model import ArchivePart, Manifest, Tally

PARTITION = "user_actions_2020_01"
FROM_AT, UNTIL_AT = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
NO_ACTION = uuid.UUID(int=0)
HIGHEST_SCORE = 1_000_000
COPIED_ROWS = 50_000

# Foreign keys hold by construction; checking a million of them would take a minute.
_STAGING = """
SET session_replication_role = replica;
CREATE UNLOGGED TABLE bench.population
    (number bigint, user_id uuid, score integer, at timestamptz);
"""
_ROWS = """
INSERT INTO users (user_id, username, username_key, created_at)
SELECT user_id, 'veteran-' || number, 'veteran-' || number, at FROM bench.population;
INSERT INTO user_scores (user_id, score, reached_seq, version, created_at, last_updated,
    total_actions, first_action, last_action)
SELECT user_id, score, number, 1, at, at, 1, at, at FROM bench.population;
INSERT INTO archived_totals (user_id, applied_actions, applied_score)
SELECT user_id, 1, score FROM bench.population;
SELECT setval('action_no_seq', (SELECT max(number) FROM bench.population));
DROP TABLE bench.population;
RESET session_replication_role;
"""
_ARCHIVED = """
INSERT INTO archived_partitions
    (partition_name, file_name, sha256, row_count, applied_score, from_at, until_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_TABLES = "users, user_scores, archived_totals"


@dataclass(frozen=True, slots=True)
class Veteran:
    """A player with the score of one archived action."""

    number: int
    user_id: str
    score: int


def make_veterans(acting: Sequence[str], size: int, seed: int = 1) -> list[Veteran]:
    """Return `size` players in random order, those in `acting` among them."""
    chance = random.Random(seed)  # noqa: S311 - load, not a secret
    ids = [*acting, *(_random_id(chance) for _ in range(size - len(acting)))]
    chance.shuffle(ids)
    return [
        Veteran(number, user_id, chance.randint(1, HIGHEST_SCORE))
        for number, user_id in enumerate(ids, start=1)
    ]


def insert_veterans(
    connection: psycopg2.extensions.connection, veterans: Sequence[Veteran], archives: Path
) -> None:
    """Write their rows and their archive; the connection is the superuser's, with autocommit."""
    with connection.cursor() as cursor:
        cursor.execute(_STAGING)
        for start in range(0, len(veterans), COPIED_ROWS):
            lines = io.StringIO("".join(map(_line, veterans[start : start + COPIED_ROWS])))
            cursor.copy_expert("COPY bench.population FROM STDIN", lines)
        cursor.execute(_ROWS)
        cursor.execute(_ARCHIVED, _write_archive(archives, veterans))
        cursor.execute(f"VACUUM (ANALYZE) {_TABLES}")
        cursor.execute("CHECKPOINT")


def _random_id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _line(veteran: Veteran) -> str:
    return f"{veteran.number}\t{veteran.user_id}\t{veteran.score}\t{FROM_AT.isoformat()}\n"


def _write_archive(folder: Path, veterans: Sequence[Veteran]) -> tuple[object, ...]:
    """Write an archive of their scores without actions; return its row of archived_partitions."""
    score = sum(veteran.score for veteran in veterans)
    name = part_name(PARTITION, 1)
    sha256, size_bytes = write_lines(folder / name, [])
    tally = Tally(applied_actions=len(veterans), applied_score=score)
    part = ArchivePart(name, sha256, size_bytes, NO_ACTION, tally)
    manifest = Manifest(PARTITION, FROM_AT, UNTIL_AT, (part,), complete=True)
    checksum = write_manifest(folder, manifest)
    return PARTITION, manifest_name(PARTITION), checksum, 0, score, FROM_AT, UNTIL_AT
