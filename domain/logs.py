"""Logs: one JSON object per line on stderr, a fixed message and facts as fields.

Called once by every process; libraries that use `logging` are written in the same form.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor

from domain.settings import Settings


def configure_logging(
    settings: Settings, process: str, *, processors: Sequence[Processor] = ()
) -> None:
    """Write the log of this process at LOG_LEVEL, with `process` in every line.

    `processors` add facts that only this kind of process has, such as the request's id.
    """
    level = logging.getLevelNamesMapping()[settings.log_level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        *processors,
        _name_process(process),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Not by way of `logging`, which takes twice the time for the same line.
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_dump)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_LineLogger,
        cache_logger_on_first_use=True,
    )


def make_line_writer(
    settings: Settings, process: str, event: str
) -> Callable[[Mapping[str, Any]], None]:
    """Return what writes a line of this event at the level of INFO; nothing above that LOG_LEVEL.

    For what is written for each request: it takes 3 µs, and a logger 40. A full disk or a closed
    terminal loses the line.
    """
    if logging.getLevelNamesMapping()[settings.log_level] > logging.INFO:
        return lambda facts: None
    fixed = {"event": event, "process": process, "level": "info"}

    def write(facts: Mapping[str, Any]) -> None:
        _write_line(_dump({**facts, **fixed, "timestamp": datetime.now(UTC)}))

    return write


class _LineLogger:
    """Writes lines that are rendered; what structlog calls a logger."""

    def __init__(self, name: str):
        self.name = name

    def write(self, line: str) -> None:
        _write_line(line)

    debug = info = warning = error = exception = critical = write


def _write_line(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")


def _name_process(process: str) -> Processor:
    def add_process(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add_process


def _dump(event: EventDict, **_: object) -> str:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Half a character, or a larger integer than 64 bits: a line must not raise.
        return json.dumps(event, default=str)
