"""SQL that lists moderators' acts, each with its entry of the audit log if it has one.

Called by `domain/verification`.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

# Nearly all acts have their entry, and nearly no entry is an act's.
_RECORDED = """
SELECT a.act_id, a.kind, a.by, a.user_id, a.action_id, a.case_id, a.reason, a.details, a.at,
    l.entry
FROM moderation_acts a LEFT JOIN audit_log l ON l.batch_id = a.act_id
ORDER BY a.act_no
"""
_WITHOUT_ACT = """
SELECT l.seq FROM audit_log l
WHERE strpos(l.entry, '"actId"') > 0
AND NOT EXISTS (SELECT 1 FROM moderation_acts a WHERE a.act_id = l.batch_id)
ORDER BY l.seq LIMIT :limit
"""


def iterate_acts(connection: Connection) -> Iterator[tuple[tuple[Any, ...], str | None]]:
    """Yield the columns of each act, and the text of its audit entry; None without one."""
    for *act, entry in connection.execute(text(_RECORDED)):
        yield tuple(act), entry


def list_entries_without_act(connection: Connection, *, limit: int) -> Iterator[int]:
    """Yield the numbers of the entries of acts that are not there."""
    yield from connection.execute(text(_WITHOUT_ACT), {"limit": limit}).scalars()
