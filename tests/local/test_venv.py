"""`.venv` is created once, repaired when incomplete, and updated when a lock file changes."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from faults.small_disk import can_mount
from local.commands import COMMANDS, Command
from local.errors import LocalError
from local.install import installers, venv
from tests.local.project import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with lock files that lock nothing."""
    for name in (venv.BASE_LOCK, venv.DEV_LOCK, venv.BENCH_LOCK):
        (tmp_path / name).write_text("# nothing\n")
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the locks that were installed, in order; nothing is really installed."""
    names: list[str] = []
    monkeypatch.setattr(installers, "install", lambda _, lock: names.append(lock.name))
    monkeypatch.setattr(installers, "can_install_into", lambda python: python.exists())
    monkeypatch.setattr(installers, "create_empty", _make_quickly)
    return names


def _make_quickly(folder: Path) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "pyvenv.cfg").write_text("home = somewhere\n")


def test_packages_are_installed_once_and_again_when_the_lock_changes(
    checkout: Path, installed: list[str]
) -> None:
    python = venv.ensure(checkout, dev=False)
    assert python.exists()
    venv.ensure(checkout, dev=False)
    assert installed == [venv.BASE_LOCK]
    venv.ensure(checkout, dev=True)
    assert installed == [venv.BASE_LOCK, venv.DEV_LOCK]
    (checkout / venv.BASE_LOCK).write_text("# something\n")
    venv.ensure(checkout, dev=True)
    assert installed == [venv.BASE_LOCK, venv.DEV_LOCK, venv.BASE_LOCK]


def test_packages_of_the_benchmark_are_installed_for_it_only(
    checkout: Path, installed: list[str]
) -> None:
    venv.ensure(checkout, dev=False)
    venv.ensure(checkout, dev=False, bench=True)
    venv.ensure(checkout, dev=True)
    assert installed == [venv.BASE_LOCK, venv.BENCH_LOCK, venv.DEV_LOCK]


def test_an_incomplete_environment_is_created_again(checkout: Path, installed: list[str]) -> None:
    venv.ensure(checkout, dev=False)
    (checkout / ".venv" / "left").touch()
    (checkout / ".venv" / venv.MARKER).touch()
    venv.ensure(checkout, dev=False)
    assert not (checkout / ".venv" / "left").exists()
    assert installed == [venv.BASE_LOCK] * 2


def test_an_interrupted_install_is_recognised(
    checkout: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_python: Path, _lock: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(installers, "install", interrupted)
        venv.ensure(checkout, dev=False)
    assert (checkout / ".venv" / venv.MARKER).exists()
    venv.ensure(checkout, dev=False)
    assert installed == [venv.BASE_LOCK]


def test_a_failed_install_is_continued(
    checkout: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(_python: Path, _lock: Path) -> None:
        raise LocalError("offline")

    with monkeypatch.context() as patch, pytest.raises(LocalError, match="offline"):
        patch.setattr(installers, "install", offline)
        venv.ensure(checkout, dev=False)
    (checkout / ".venv" / "kept").touch()
    venv.ensure(checkout, dev=False)
    assert (checkout / ".venv" / "kept").exists()


def test_an_environment_whose_interpreter_is_gone_or_that_was_moved_is_created_again(
    checkout: Path, installed: list[str], tmp_path: Path
) -> None:
    venv.ensure(checkout, dev=False)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    venv.ensure(checkout, dev=False)
    assert python.resolve() == Path(sys.executable).resolve()
    moved = checkout.rename(checkout.with_name("moved"))
    venv.ensure(moved, dev=False)
    assert installed == [venv.BASE_LOCK] * 3


def test_a_folder_of_other_files_is_not_touched(checkout: Path, installed: list[str]) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "diary.txt").write_text("dear")
    with pytest.raises(LocalError, match="not a virtual environment"):
        venv.ensure(checkout, dev=False)
    assert (checkout / ".venv" / "diary.txt").read_text() == "dear"
    assert installed == []


def test_without_a_network_the_message_says_so(checkout: Path) -> None:
    lock = checkout / venv.BASE_LOCK
    lock.write_text("no-such-package-of-laurel==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(LocalError, match="Is this machine online") as caught:
        installers.install(Path(sys.executable), lock)
    assert "Run the same command again" in str(caught.value)


@pytest.fixture(autouse=True)
def _no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("UV_OFFLINE", "1")


def test_without_ensurepip_uv_or_pip_the_package_to_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(installers, "_has_pip", lambda _: False)
    with pytest.raises(LocalError, match=r"apt install python3\.\d+-venv"):
        installers.create_empty(tmp_path)


def test_help_lists_every_command_and_creates_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.py").write_bytes((ROOT / "run.py").read_bytes())
    for name in ("local", "domain", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = _run_py(tmp_path, "--help")
    for command in COMMANDS:
        assert f"  {command.name} " in done.stdout
    assert _run_py(tmp_path, "nonsense").returncode == 2
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_the_one_of_the_project(tmp_path: Path, option: str) -> None:
    copy_launcher(tmp_path)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    done = _run_py(tmp_path, option)
    assert (done.returncode, done.stdout) == (0, f"Laurel {version}\n")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_installs_nothing(tmp_path: Path, command: Command, option: str) -> None:
    copy_launcher(tmp_path)
    done = _run_py(tmp_path, command.name, option)
    assert (done.returncode, done.stderr) == (0, "")
    assert command.summary in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_help_of_the_benchmark_needs_no_package_of_it(checkout: Path, installed: list[str]) -> None:
    assert venv.find_installed(checkout) is None
    python = venv.ensure(checkout, dev=False)
    assert venv.find_installed(checkout) == python
    assert venv.find_installed(checkout, dev=True) is None
    assert installed == [venv.BASE_LOCK]
    without_pygal = "import sys; sys.modules['pygal'] = None; import bench.command"
    subprocess.run([sys.executable, "-c", without_pygal], cwd=ROOT, check=True)


@pytest.mark.parametrize(("command", "code"), [("status", 3), ("stop", 0)])
def test_nothing_is_installed_to_say_that_nothing_runs(
    tmp_path: Path, command: str, code: int
) -> None:
    copy_launcher(tmp_path)
    done = _run_py(tmp_path, command)
    assert (done.returncode, done.stderr) == (code, "")
    assert "is not running" in done.stdout
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(not can_mount(), reason="only root may mount")
@pytest.mark.parametrize("command", ["serve", "verify", "exec"])
def test_a_checkout_that_cannot_be_written_is_one_line(tmp_path: Path, command: str) -> None:
    copy_launcher(tmp_path)
    read_only = 'mount --bind . . && mount -o remount,ro,bind . && cd . && exec "$@"'
    done = subprocess.run(
        [*("unshare", "--mount", "sh", "-ec", read_only, "sh"), sys.executable, "run.py", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.count("\n")) == (1, done.stdout.count("Creating"))
    assert done.stderr.count("\n") == 1
    assert "Read-only file system" in done.stderr


def copy_launcher(folder: Path) -> None:
    """Make a checkout without an environment, by links."""
    (folder / "run.py").write_bytes((ROOT / "run.py").read_bytes())
    for name in ("local", "domain", "pyproject.toml", "requirements.txt"):
        (folder / name).symlink_to(ROOT / name)


def test_an_old_python_prints_a_message() -> None:
    program = "import sys, runpy; sys.version_info = (3, 9, 1); runpy.run_path('run.py')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Laurel needs Python 3.11 or newer; this is 3.9.")
    assert "Traceback" not in done.stderr


def test_what_runs_before_the_environment_exists_needs_the_standard_library_only() -> None:
    ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 4))
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import local.bootstrap"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _run_py(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
