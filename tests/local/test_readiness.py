"""The health of the running API, and what `serve` prints about it."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.health import Health, ask_health
from local.welcome import curl_line, print_not_ready
from tests.local.project import free_ports


@pytest.fixture
def api() -> Iterator[tuple[int, list[object]]]:
    """The port of a server, and the list of the answers that it gives, in order."""
    answers: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers.pop(0)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_api_that_does_not_answer_is_unreachable() -> None:
    assert ask_health("127.0.0.1", free_ports(1)[0]).status == "unreachable"


def test_unhealthy_parts_are_read_from_the_answer(
    api: tuple[int, list[object]],
) -> None:
    port, answers = api
    parts = {"database": {"ok": True, "ms": 2}, "workers": {"ok": False, "error": "gone", "ms": 1}}
    answers += [{"status": "degraded", "parts": parts}, {"status": "ok", "parts": {}}, ["?"]]
    assert ask_health("0.0.0.0", port) == Health("degraded", (("workers", "error: gone"),))
    assert ask_health("127.0.0.1", port).is_ok
    assert ask_health("127.0.0.1", port).status == "unreachable"


def test_an_unhealthy_part_is_printed_with_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    health = Health("degraded", (("keeper", "error: not seen for 9 s"),))
    print_not_ready(health, Path("/logs"), 60.0)
    said = capsys.readouterr().out
    assert "not seen for 9 s" in said
    assert "/logs/keeper.log" in said


def test_the_printed_command_posts_json_with_the_current_time(tmp_path: Path) -> None:
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
