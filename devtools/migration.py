"""`run.py migration "what changes"`: write a migration from the models, on temporary stores."""

import argparse
import os
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path

from local.environment import without_stores
from local.stores.temporary import temporary_stores


def main(root: Path, arguments: Sequence[str]) -> int:
    """Write the migration and return alembic's exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 run.py migration", description="Write a migration from the models."
    )
    parser.add_argument("message", help="what the migration changes, in a few words")
    message = parser.parse_args(arguments).message
    return alembic_on_temporary_stores(root, ["revision", "--autogenerate", "-m", message])


def alembic_on_temporary_stores(root: Path, arguments: Sequence[str]) -> int:
    """Migrate an empty database to head, then run alembic with the arguments; return its code."""
    with temporary_stores() as stores:
        env = without_stores(os.environ) | {
            "DATABASE_URL": stores.database_url,
            "REDIS_URL": stores.redis_url,
            "LAUREL_ENV": "test",
            "JWT_SECRET": secrets.token_urlsafe(48),
        }
        for command in (["upgrade", "head"], arguments):
            done = subprocess.run(["alembic", *command], cwd=root, env=env, check=False)
            if done.returncode != 0:
                return done.returncode
    return 0
