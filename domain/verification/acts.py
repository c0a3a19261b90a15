"""Acts: every moderator's act is in the audit log as it is stored, and the log has no other."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.audit.hash_chain import read_entry
from domain.moderation.acts import Act, describe_act
from domain.store.postgres.verify.acts import iterate_acts, list_entries_without_act
from domain.store.store import Connection


def check_acts(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each act that the audit log contradicts, and each entry without one."""
    for columns, entry in iterate_acts(connection):
        act = Act(*columns)
        if entry is None:
            yield f"the act {act.act_id} ({act.kind}) is not in the audit log"
        elif not _agrees(act, read_entry(entry)):
            yield f"the act {act.act_id} ({act.kind}) is not what the audit log says of it"
    for seq in list_entries_without_act(connection, limit=limit):
        yield f"audit entry {seq} is of an act that is not there"


def _agrees(act: Act, said: dict[str, Any]) -> bool:
    expected = describe_act(act)
    # An erased player's acts have no words any more; a claim and the like never had any.
    beside = ("seq", "actId") if act.reason else ("seq", "actId", "reasonSha256")
    return _without(said, beside) == _without(expected, beside)


def _without(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
