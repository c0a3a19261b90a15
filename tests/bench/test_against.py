"""Comparing commits: ratios pair by pair, and the worktree, which is always removed."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bench.against.comparison import Comparison, grids_of
from bench.against.turns import Turns, middle_round, pair_ratios
from bench.against.worktree import checked_out, commit_of
from bench.arms import choose
from local.errors import LocalError
from tests.bench.test_counting import REPORT, measured


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *author, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits of one file."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for content in ("first", "second"):
        (folder / "file").write_text(content)
        git(folder, "add", "file")
        git(folder, "commit", "--quiet", "-m", content)
    return folder


def test_a_ratio_is_the_median_of_the_pairs_and_not_of_the_halves() -> None:
    ours = [{"rate": 100.0}, {"rate": 50.0}, {"rate": 90.0}]
    theirs = [{"rate": 50.0}, {"rate": 20.0}, {"rate": 60.0}]
    ratio = pair_ratios(ours, theirs)["rate"]
    assert (ratio.median, ratio.least, ratio.greatest) == (2.0, 1.5, 2.5)


def test_what_one_half_of_a_pair_lacks_has_no_ratio() -> None:
    assert pair_ratios([{"a": 1.0, "b": 1.0, "c": 1.0}], [{"a": 0.0, "c": 2.0}]).keys() == {"c"}


def test_an_arm_of_one_commit_has_no_ratios_and_no_row_in_the_comparison() -> None:
    control = Turns(arm=choose(["control"])[0], ours=[measured("control", 64)])
    single = Turns(arm=choose(["single"])[0])
    single.ours = [measured("single", 1), measured("single", 1)]
    single.theirs = [measured("single", 1, report=replace(REPORT, answered=100))] * 2
    found = Comparison(commit="ours", other="theirs", rounds=2, turns=[control, single])
    assert json.loads(json.dumps(found.as_json()))["arms"][0]["ratios"] == {}
    main, cpu, counts = grids_of(found)
    assert [row[:5] for row in main.rows] == [["single", "1", "250", "50", "5.00 (5.00 to 5.00)"]]
    assert cpu.rows[0][2] == "500 / 500 (1.00)"
    assert counts.rows[0][2] == "2,500 / 2,500 (1.00)"
    assert found.holds


def test_the_round_in_the_middle_stands_for_an_arm() -> None:
    rounds = [
        measured("single", 1, report=replace(REPORT, answered=count)) for count in (300, 100, 200)
    ]
    assert middle_round(rounds).report.answered == 200


def test_another_commit_is_checked_out_beside_this_one(repository: Path) -> None:
    with checked_out(repository, "HEAD~1") as other:
        assert (other.root / "file").read_text() == "first"
        assert git(repository, "rev-parse", "HEAD~1").startswith(other.commit)
    assert (repository / "file").read_text() == "second"
    assert_removed(repository, other.root)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, LocalError])
def test_a_worktree_is_removed_after_a_failure_and_after_an_interrupt(
    repository: Path, failure: type[BaseException]
) -> None:
    with pytest.raises(failure), checked_out(repository, "HEAD") as other:
        (other.root / "left behind").write_text("by a process that was stopped")
        raise failure
    assert_removed(repository, other.root)


@pytest.mark.parametrize("revision", ["nonsense", "", "--all"])
def test_an_unknown_revision_is_named_in_one_line(repository: Path, revision: str) -> None:
    with (
        pytest.raises(LocalError, match=f"no revision '{revision}'"),
        checked_out(repository, revision),
    ):
        pass
    assert len(git(repository, "worktree", "list").splitlines()) == 1


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="not a git repository"):
        commit_of(tmp_path)


def test_a_changed_checkout_is_marked(repository: Path) -> None:
    commit = commit_of(repository)
    (repository / "file").write_text("third")
    assert commit_of(repository) == f"{commit}+"


def assert_removed(repository: Path, folder: Path) -> None:
    assert not folder.parent.exists()
    assert len(git(repository, "worktree", "list").splitlines()) == 1
