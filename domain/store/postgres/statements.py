"""SQL statements: parsed once by each process, and prepared once by each connection if hot.

Parsing and planning took a third to a half of the time of a read in the chain. PREPARE and EXECUTE
are sent as SQL, because psycopg2 has no other way. What SQLAlchemy does around one such statement
took as long again as sending it, so the chain runs its statements as `hot` ones.
"""

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine, TextClause, event, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import ExceptionContext

# SQLSTATEs that concern the prepared statement and not the work: a migration changed the type of a
# column that it returns, or the statement was deallocated.
LOST_PLAN_SQLSTATES = frozenset({"0A000", "26000"})

_PARAMETER = re.compile(r"%\((\w+)\)s")
_CAST = re.compile(r"CAST\(%\((\w+)\)s AS ([a-z]+(?:\[\])?)\)")


@functools.lru_cache(maxsize=512)
def sql(statement: str) -> TextClause:
    """Return the statement ready to execute; cached, so only for texts that are constants."""
    return text(statement)


@functools.lru_cache(maxsize=512)
def prepared(statement: str) -> TextClause:
    """Return a prepared statement: each connection plans it once. Otherwise as `sql`.

    A parameter whose type the context does not give, and every array, needs a CAST. Not for an
    UPDATE of a partitioned table: a plan for any month locks all months for writing, and the one
    that is being archived does not allow that.
    """
    return text(statement).execution_options(prepared=True)


@dataclass(frozen=True, slots=True)
class HotStatement:
    """A prepared statement that runs on a connection's cursor, past SQLAlchemy's own work."""

    text: str

    def run(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Run it in the connection's transaction; return psycopg2's cursor, which has the rows.

        Raises what `connection.execute` would, and discards a bad connection as that does.
        """
        fairy = connection.connection
        cursor = fairy.cursor()
        try:
            _execute_plan(cursor, _plan(self.text), fairy.info, parameters)
        except BaseException as error:  # noqa: BLE001 - it is raised again
            said = self.text if isinstance(error, psycopg2.Error) else None
            connection._handle_dbapi_exception(error, said, None, cursor, None)
        return cursor


@functools.lru_cache(maxsize=512)
def hot(statement: str) -> HotStatement:
    """Return a hot statement; what holds for a `prepared` one holds for it."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy
    return HotStatement(str(text(statement).compile(dialect=dialect)))


def keep_prepared_statements(engine: Engine) -> None:
    """Make the engine's connections prepare the statements that are `prepared`."""
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
    _execute_plan(cursor, _plan(statement), context.root_connection.info, parameters)
    return True


def _execute_plan(cursor: Any, plan: _Plan, info: dict[Any, Any], parameters: Any) -> None:
    # Kept with the connection to the server; a rollback does not deallocate prepared statements.
    kept: set[str] = info.setdefault("plans", set())
    if plan.name not in kept:
        cursor.execute(plan.prepare)
        kept.add(plan.name)
    cursor.execute(plan.execute, parameters)


def _give_up_connection(context: ExceptionContext) -> None:
    """Discard a connection whose prepared statements are no longer valid."""
    state = getattr(context.original_exception, "pgcode", None)
    if state in LOST_PLAN_SQLSTATES:
        context.is_disconnect = True
