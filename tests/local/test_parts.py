"""The small parts of the launcher: Procfile, ports, logs, health, the line to paste, secrets."""

import json
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from devtools import checks
from devtools.checks import Check
from local import credentials
from local.environment import child_environment, without_stores
from local.errors import LocalError
from local.health import Health, ask_health
from local.home import Home, home_path, open_home
from local.ports import public_ports
from local.supervision.logs import KEPT_FILES, LineFilter, RotatingLog
from local.supervision.procfile import Line, instances, read_procfile, worker_count
from local.supervision.readable import readable
from local.welcome import curl_line, say_not_ready
from tests.local.project import ROOT, free_ports


def test_workers_are_numbered_and_the_others_run_once(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# note\napi: serve --port ${PORT:-8000}\n\nworker: work\n")
    assert instances(read_procfile(path), 2) == [
        Line("api", "api", "serve --port ${PORT:-8000}"),
        Line("worker.1", "worker", "work"),
        Line("worker.2", "worker", "work"),
    ]


@pytest.mark.parametrize("text", ["just words\n", "api: one\napi: two\n", "api:\n"])
def test_a_bad_procfile_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(LocalError, match=r"Procfile, line [12]"):
        read_procfile(tmp_path / "Procfile")


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", "1000"])
def test_a_bad_number_of_workers_is_refused(value: str) -> None:
    with pytest.raises(LocalError, match="WORKERS="):
        worker_count({"WORKERS": value})


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "\u0661"])
def test_a_bad_port_is_named_with_its_variable(value: str) -> None:
    with pytest.raises(LocalError, match="LIVE_PORT="):
        public_ports({"LIVE_PORT": value})


def test_two_equal_ports_are_refused() -> None:
    with pytest.raises(LocalError, match="the same"):
        public_ports({"PORT": "9000", "LIVE_PORT": "9000"})


def test_a_log_at_its_limit_is_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "api.log", largest_bytes=100)
    for number in range(20):
        log.write(b"%d" % number * 60 + b"\n")
    log.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["api.log", *(f"api.log.{n}" for n in range(1, KEPT_FILES + 1))]
    assert all(path.stat().st_size < 300 for path in tmp_path.iterdir())


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


def test_the_terminal_shows_warnings_and_the_end_of_a_traceback() -> None:
    lines = [*SHOWN[:4], *HIDDEN[:5], "Traceback (most recent call last):", HIDDEN[5], SHOWN[4]]
    text = "\n".join(lines).encode() + b"\n"
    lines_shown = LineFilter(everything=False)
    assert lines_shown.feed(text[:70]) + lines_shown.feed(text[70:]) == SHOWN
    assert LineFilter(everything=True).feed(text) == lines


def test_a_line_of_the_log_is_made_readable_on_the_terminal() -> None:
    facts = {"event": "no\n answer", "batch_id": "b1", "level": "error", "exception": "Trace" * 99}
    assert readable(json.dumps(facts)) == "error  no answer  batch_id=b1"
    assert len(readable(json.dumps(facts | {"event": "word " * 999}))) < 250
    assert readable("[ERROR] plain") == "[ERROR] plain"
    assert readable('{"not": "ours"}') == '{"not": "ours"}'
    assert readable("{" * 999).endswith("…")


def test_a_flood_of_errors_is_cut_off() -> None:
    assert len(LineFilter(everything=False).feed(b"[ERROR] again\n" * 500)) < 20


def test_secrets_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first = credentials.secret(tmp_path, credentials.JWT)
    assert len(first) >= 64
    assert credentials.secret(tmp_path, credentials.JWT) == first
    assert credentials.secret(tmp_path, credentials.REDIS) != first
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_users_environment_stands_and_the_rest_is_filled_in(tmp_path: Path) -> None:
    home = Home(tmp_path)
    open_home(home)
    made = child_environment(
        home,
        env={"LAUREL_ENV": "production", "PATH": "/bin", "JWT_SECRET": "mine", "HOST": ""},
        urls={"REDIS_URL": "redis://x"},
        ports={"PORT": 8000},
    )
    assert made["LAUREL_ENV"] == "production"
    assert made["JWT_SECRET"] == "mine"
    assert made["HOST"] == "127.0.0.1"
    assert made["PORT"] == "8000"
    assert made["REDIS_URL"] == "redis://x"
    assert made["PATH"].endswith(":/bin")
    assert not {"DATABASE_URL", "LAUREL_HOME"} & without_stores(made).keys()


def test_a_home_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    home = home_path(tmp_path, {"LAUREL_HOME": "given"})
    home.folder.mkdir()
    os.chown(home.folder, 12345, 12345)
    with pytest.raises(LocalError, match="belongs to user id 12345"):
        open_home(home)
    assert list(home.folder.iterdir()) == []


def test_the_pasted_line_posts_json_of_this_moment(tmp_path: Path) -> None:
    curl = tmp_path / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    curl.chmod(0o755)
    line = curl_line("http://127.0.0.1:8000", "a.b.c", "0c5d8a06-0000-4000-8000-000000000000")
    for shell in ("/bin/sh", "/bin/bash"):
        done = subprocess.run(
            [shell, "-c", line],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        words = done.stdout.splitlines()
        assert "Authorization: Bearer a.b.c" in words
        body = json.loads(words[-1])
        assert body["score"] == 150
        assert body["timestamp"].endswith("Z")


def test_health_of_an_api_that_is_away_is_unreachable() -> None:
    assert ask_health("127.0.0.1", free_ports(1)[0]).status == "unreachable"


def test_the_parts_that_are_not_well_are_read_from_the_answer(
    api: tuple[int, list[object]],
) -> None:
    port, answers = api
    parts = {"database": {"ok": True, "ms": 2}, "workers": {"ok": False, "error": "gone", "ms": 1}}
    answers += [{"status": "degraded", "parts": parts}, {"status": "ok", "parts": {}}, ["?"]]
    assert ask_health("0.0.0.0", port) == Health("degraded", (("workers", "error: gone"),))
    assert ask_health("127.0.0.1", port).is_ok
    assert ask_health("127.0.0.1", port).status == "unreachable"


def test_a_failed_check_shows_its_output_and_fails_the_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad = Check("good", lambda _: ""), Check("bad", lambda _: "what is wrong")
    monkeypatch.setattr(checks, "CHECKS", (bad, good))
    assert checks.main(tmp_path, []) == 1
    said = capsys.readouterr().out
    assert "what is wrong" in said
    assert [line.split()[0] for line in said.splitlines() if " s  " in line] == ["bad", "good"]
    assert checks.main(tmp_path, ["good"]) == 0


@pytest.fixture
def api() -> Iterator[tuple[int, list[object]]]:
    """A server that gives the answers put into its list, one after the other; and its port."""
    answers: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.pop(0)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_not_ready_is_named_with_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    health = Health("degraded", (("keeper", "error: not seen for 9 s"),))
    say_not_ready(health, Path("/logs"), 60.0)
    said = capsys.readouterr().out
    assert "not seen for 9 s" in said
    assert "/logs/keeper.log" in said


def test_lock_files_hold_hashes_and_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not [line for line in text.splitlines() if "://" in line or "--index" in line]
        assert "find-links" not in text
