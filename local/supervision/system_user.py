"""The user that the stores run as, and what that user can access; PostgreSQL refuses root.

When started by root they run as `nobody`, who cannot enter folders such as /root: programs are
copied (`copies`), and the data folder is passed as an open descriptor (`postgres`).
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """The user that the stores run as, when it is not the current user."""

    uid: int
    gid: int


def store_account() -> Account | None:
    """Return the account that the stores must run as, or None for the current user.

    Raises LocalError for a user id without a name, for which initdb fails.
    """
    if os.geteuid() == 0:
        try:
            entry = pwd.getpwnam(UNPRIVILEGED)
        except KeyError as error:
            raise LocalError(
                f"PostgreSQL does not run as root, and there is no user '{UNPRIVILEGED}' to run it"
                " as. Start Laurel as an ordinary user, or set DATABASE_URL."
            ) from error
        return Account(entry.pw_uid, entry.pw_gid)
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise LocalError(
            f"user id {os.geteuid()} has no entry in the user database, and PostgreSQL's initdb"
            " cannot work without one. Set DATABASE_URL to a running PostgreSQL, or run as a user"
            " that has a name."
        ) from error
    return None


def can_execute(account: Account | None, path: Path) -> bool:
    """Return whether the account can execute this file, or enter this folder."""
    if account is None:
        return os.access(path, os.X_OK)
    probe = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return probe.returncode == 0


def set_owner(path: Path, account: Account | None, mode: int) -> None:
    """Set the mode of a path and make the account its owner."""
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.uid, account.gid)
