"""A worktree of another commit in a temporary folder, removed at the end however that comes."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

PREFIX = "laurel-worktree-"
SHOWN_DIGITS = 8


@dataclass(frozen=True)
class OtherCommit:
    """A commit that was checked out: its folder and the beginning of its id."""

    root: Path
    commit: str


@contextmanager
def checked_out(root: Path, revision: str) -> Iterator[OtherCommit]:
    """Check out a revision; LocalError when the project does not have it, or is no repository."""
    commit = _git(
        root,
        *("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"),
        failure=f"there is no revision '{revision}' to measure against",
    )
    parent = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder = parent / commit[:SHOWN_DIGITS]
    try:
        _git(
            root,
            *("worktree", "add", "--detach", "--quiet", str(folder), commit),
            failure=f"'{revision}' cannot be checked out",
        )
        yield OtherCommit(folder, commit[:SHOWN_DIGITS])
    finally:
        remove = ["git", "-C", str(root), "worktree", "remove", "--force", str(folder)]
        subprocess.run(remove, capture_output=True, check=False)
        shutil.rmtree(parent, ignore_errors=True)


def commit_of(root: Path) -> str:
    """Return the beginning of the id of a checkout's commit, with a `+` after it when changed."""
    commit = _git(root, "rev-parse", "HEAD", failure="the checkout is no repository")
    changed = _git(
        root, "status", "--porcelain", "--untracked-files=no", failure="git has no status"
    )
    return commit[:SHOWN_DIGITS] + ("+" if changed else "")


def _git(root: Path, *arguments: str, failure: str) -> str:
    """Return what git prints; LocalError with `failure` and git's last line when it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise LocalError(f"{failure}: git is not installed.") from error
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["git failed"])[-1]
        raise LocalError(f"{failure}: {reason}")
    return done.stdout.strip()
