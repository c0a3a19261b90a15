"""Log files are rotated, and the terminal shows their important lines."""

import json
from pathlib import Path

from local.supervision.log_lines import format_log_line
from local.supervision.logs import KEPT_FILES, LineFilter, RotatingLog

SHOWN = [
    '{"level": "error", "event": "batch failed"}',
    "[2026-01-02 10:00:00,000: WARNING/MainProcess] slow",
    "[2026-01-02 10:00:00 +0000] [12] [ERROR] Worker exited",
    "2026-01-02 10:00:00.000 UTC [12] FATAL:  the database system is starting up",
    "ValueError: last line of a traceback",
]


HIDDEN = [
    '{"level": "info", "event": "an error was answered", "code": "MALFORMED_JSON"}',
    "[2026-01-02 10:00:00,000: INFO/MainProcess] errors: 0",
    ". logfile -> [stderr]@%WARNING",
    "[W 261123 15:20:01 inspector:98] Inspect method stats failed",
    '{"event":"advice of a library","logger":"py.warnings","level":"warning"}',
    '  File "x.py", line 3, in f',
]


def test_a_log_at_its_limit_is_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "api.log", largest_bytes=100)
    for number in range(20):
        log.write(b"%d" % number * 60 + b"\n")
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["api.log", *(f"api.log.{n}" for n in range(1, KEPT_FILES + 1))]
    assert all(path.stat().st_size < 300 for path in tmp_path.iterdir())


def test_the_terminal_shows_warnings_and_the_end_of_a_traceback() -> None:
    lines = [*SHOWN[:4], *HIDDEN[:5], "Traceback (most recent call last):", HIDDEN[5], SHOWN[4]]
    text = "\n".join(lines).encode() + b"\n"
    lines_shown = LineFilter(everything=False)
    assert lines_shown.feed(text[:70]) + lines_shown.feed(text[70:]) == SHOWN
    assert LineFilter(everything=True).feed(text) == lines


def test_a_json_line_is_formatted_for_the_terminal() -> None:
    facts = {"event": "no\n answer", "batch_id": "b1", "level": "error", "exception": "Trace" * 99}
    assert format_log_line(json.dumps(facts)) == "error  no answer  batch_id=b1"
    assert len(format_log_line(json.dumps(facts | {"event": "word " * 999}))) < 250
    assert format_log_line("[ERROR] plain") == "[ERROR] plain"
    assert format_log_line('{"not": "ours"}') == '{"not": "ours"}'
    assert format_log_line("{" * 999).endswith("…")


def test_the_terminal_shows_few_lines_of_a_flood_of_errors() -> None:
    assert len(LineFilter(everything=False).feed(b"[ERROR] again\n" * 500)) < 20
