"""Statements written as SQL: parsed once by a process, the hot ones planned once.

Parsing and planning was a third to a half of what a read of the chain took. Prepared by name in
SQL, because psycopg2 knows no other way.
"""

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, TextClause, event, text
from sqlalchemy.engine import ExceptionContext

# SQLSTATEs that speak of a plan and not of the work: a migration changed the type of a column that
# it returns, or somebody deallocated it.
LOST_PLAN_SQLSTATES = frozenset({"0A000", "26000"})

_PARAMETER = re.compile(r"%\((\w+)\)s")
_CAST = re.compile(r"CAST\(%\((\w+)\)s AS ([a-z]+(?:\[\])?)\)")


@functools.lru_cache(maxsize=512)
def sql(statement: str) -> TextClause:
    """Return the statement ready to execute; only for texts that are constants of the program."""
    return text(statement)


@functools.lru_cache(maxsize=512)
def prepared(statement: str) -> TextClause:
    """Return a statement that a connection plans at its first use and keeps; as `sql` otherwise.

    A parameter whose type cannot be told from its place, and every array, needs a CAST. Not for
    an UPDATE of a partitioned table: a plan for any month locks all of them for writing, and the
    one that is being archived does not allow that.
    """
    return text(statement).execution_options(prepared=True)


def keep_prepared_statements(engine: Engine) -> None:
    """Make the engine's connections keep the plans of what is `prepared`."""
    event.listen(engine, "do_execute", _execute_planned)
    event.listen(engine, "handle_error", _give_up_connection)


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    prepare: str
    execute: str


@functools.lru_cache(maxsize=512)
def _plan(statement: str) -> _Plan:
    name = "laurel_" + hashlib.sha256(statement.encode()).hexdigest()[:16]
    parameters = list(dict.fromkeys(_PARAMETER.findall(statement)))
    types = dict(_CAST.findall(statement))
    numbered = _PARAMETER.sub(lambda found: f"${parameters.index(found[1]) + 1}", statement)
    values = (
        f"CAST(%({parameter})s AS {types[parameter]})" if parameter in types else f"%({parameter})s"
        for parameter in parameters
    )
    return _Plan(
        name,
        f"PREPARE {name} AS {numbered.replace('%%', '%')}",
        f"EXECUTE {name}({', '.join(values)})" if parameters else f"EXECUTE {name}",
    )


def _execute_planned(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    if not context.execution_options.get("prepared"):
        return False
    plan = _plan(statement)
    # Of the connection to the server, and forgotten with it; a rollback does not take plans back.
    kept: set[str] = context.root_connection.info.setdefault("plans", set())
    if plan.name not in kept:
        cursor.execute(plan.prepare)
        kept.add(plan.name)
    cursor.execute(plan.execute, parameters)
    return True


def _give_up_connection(context: ExceptionContext) -> None:
    """Let a connection whose plans do not hold any more be replaced by one that has none."""
    state = getattr(context.original_exception, "pgcode", None)
    if state in LOST_PLAN_SQLSTATES:
        context.is_disconnect = True
