"""`run.py check`, and the lock files that it checks."""

from pathlib import Path

import pytest

from devtools import checks
from devtools.checks import Check
from tests.local.project import ROOT


def test_a_failed_check_prints_its_output_and_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    good, bad = Check("good", lambda _: ""), Check("bad", lambda _: "what is wrong")
    monkeypatch.setattr(checks, "CHECKS", (bad, good))
    assert checks.main(tmp_path, []) == 1
    said = capsys.readouterr().out
    assert "what is wrong" in said
    assert [line.split()[0] for line in said.splitlines() if " s  " in line] == ["bad", "good"]
    assert checks.main(tmp_path, ["good"]) == 0


def test_lock_files_have_hashes_and_no_index_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not [line for line in text.splitlines() if "://" in line or "--index" in line]
        assert "find-links" not in text
