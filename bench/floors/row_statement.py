"""One statement that writes a batch of actions as the product's own final rows.

It is made from the columns that the database has, so it follows the schema: tables that are gone
are left out, and a column that is not known here gets its default, or an empty value of its type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCHEMA = "floor"
# Those of them that exist, and have a column `action_id`, get a row for each action, the others
# one for each batch.
TABLES = ("action_ids", "user_actions", "action_checks", "audit_log", "action_batches")
_HASH = "decode(repeat('ab', 32), 'hex')"
_CHECKS = """'{"id":"pass","spread":"pass","score":"pass","minute":"pass","hour":"pass"}'"""
_VALUES = {
    "action_id": "s.action_id",
    "action_no": "s.action_no",
    "action_type": "'level_complete'",
    "action_version": "1",
    "attempts": "1",
    "batch_id": "%(batch_id)s::uuid",
    "checks": _CHECKS,
    "completed_at": "now()",
    "created_at": "now()",
    "entry": "repeat('x', 330)",
    "hash": _HASH,
    "metadata": """'{"actionType":"level_complete","level":5,"duration":120000}'""",
    "new_score": "s.score",
    "next_look_at": "now()",
    "previous_score": "0",
    "reply_to": "'api.1'",
    "request_hash": _HASH,
    "request_id": "s.action_id::text",
    "score_delta": "s.score",
    "stage": "'done'",
    "status": "'applied'",
    "timestamp": "now()",
    "updated_at": "now()",
    "user_id": "s.user_id",
    "verdict": "'pass'",
    "version": "1",
}
_OF_AN_ACTION = {"seq": "s.action_no"}
_OF_A_BATCH = {"seq": "%(last_no)s"}
_EMPTY = {
    "text": "''",
    "character varying": "''",
    "jsonb": "'{}'",
    "bytea": "''",
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "boolean": "false",
}
_ARRAY = "ARRAY"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in information_schema, and whether it may be left out."""

    name: str
    data_type: str
    is_optional: bool


def write_statement(tables: Mapping[str, Sequence[Column]]) -> str:
    """Return the statement; `tables` are those of TABLES that the database has.

    Its parameters are `ids`, `users`, `scores`, `numbers` (literals of arrays), `batch_id` and
    `last_no`.
    """
    parts = [
        "sent AS (SELECT * FROM unnest(%(ids)s::uuid[], %(users)s::uuid[], %(scores)s::integer[],"
        " %(numbers)s::bigint[]) AS t(action_id, user_id, score, action_no))",
        "totals AS (SELECT user_id, sum(score) AS score, max(action_no) AS action_no,"
        " count(*) AS actions FROM sent GROUP BY user_id ORDER BY user_id)",
        f"w_user_scores AS (UPDATE {SCHEMA}.user_scores s SET score = s.score + t.score,"
        " reached_seq = t.action_no, version = s.version + 1, last_updated = now()"
        " FROM totals t WHERE s.user_id = t.user_id)",
        f"w_user_stats AS (UPDATE {SCHEMA}.user_stats s SET last_action = now(),"
        " total_actions = s.total_actions + t.actions FROM totals t WHERE s.user_id = t.user_id)",
    ]
    parts += [f"w_{name} AS ({_insert(name, columns)})" for name, columns in tables.items()]
    return f"WITH {', '.join(parts)} SELECT 1"


def _insert(table: str, columns: Sequence[Column]) -> str:
    """Return the insert into one table: a row for each action, or one for the batch."""
    of_an_action = any(column.name == "action_id" for column in columns)
    known = _VALUES | (_OF_AN_ACTION if of_an_action else _OF_A_BATCH)
    if not of_an_action:
        known = {name: value for name, value in known.items() if not value.startswith("s.")}
    values = {
        column.name: known.get(column.name) or _empty(column)
        for column in columns
        if column.name in known or not column.is_optional
    }
    source = " FROM sent s ORDER BY s.action_id" if of_an_action else ""
    names = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO {SCHEMA}.{table} ({names}) SELECT {', '.join(values.values())}{source}"


def _empty(column: Column) -> str:
    return "'{}'" if column.data_type == _ARRAY else _EMPTY.get(column.data_type, "0")
