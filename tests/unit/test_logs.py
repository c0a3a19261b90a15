"""The lines of the log: one JSON object each, whatever the facts are."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from domain.logs import configure_logging
from tests.factories import make_settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging as it was before the test."""
    root = logging.getLogger()
    handlers, level, config = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**config)


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_the_event_its_facts_and_where_it_comes_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(make_settings(log_level="WARNING"), "worker.1")
    logger = structlog.get_logger("here")
    logger.info("too low")
    with structlog.contextvars.bound_contextvars(task="score_batch"):
        logger.warning("told", number=3)
    try:
        raise LookupError("nothing")
    except LookupError:
        logger.exception("failed")
    logging.getLogger("library").warning("said %s", "so")
    told, failed, said = read_lines(capsys)
    assert told.pop("timestamp")
    assert told == {
        "event": "told",
        "number": 3,
        "task": "score_batch",
        "process": "worker.1",
        "level": "warning",
        "logger": "here",
    }
    assert (failed["level"], failed["event"]) == ("error", "failed")
    assert "LookupError: nothing" in failed["exception"]
    assert (said["event"], said["logger"], said["process"]) == ("said so", "library", "worker.1")


def test_no_fact_makes_a_line_raise(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(make_settings(), "api")
    logger = structlog.get_logger("here")
    facts = ["\udc80", 2**70, {1: object}, b"\xff", float("nan")]
    for fact in facts:
        logger.info("odd", fact=fact)
    assert [line["event"] for line in read_lines(capsys)] == ["odd"] * len(facts)
