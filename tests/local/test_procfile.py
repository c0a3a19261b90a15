"""The Procfile and WORKERS: which processes are started."""

from pathlib import Path

import pytest

from local.errors import LocalError
from local.supervision.procfile import Line, instances, read_procfile, worker_count


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
