"""The secrets of a home, each created once and kept in a file that only its owner can read."""

import os
import secrets
import uuid
from base64 import b64encode
from pathlib import Path

JWT = "jwt_secret"
DATABASE = "database_password"
SUPERUSER = "postgres_superuser_password"
REDIS = "redis_password"
AUDIT = "audit_signing_key"
PLAYER = "demo_player_id"


def secret(folder: Path, name: str) -> str:
    """Return the secret with this name; create it when it does not exist."""
    return _read_or_create(folder / name, secrets.token_urlsafe(48 if name == JWT else 24))


def signing_key(folder: Path) -> str:
    """Return the key that signs the audit log's checkpoints; create it when it does not exist."""
    return _read_or_create(folder / AUDIT, b64encode(secrets.token_bytes(32)).decode())


def player_id(folder: Path) -> str:
    """Return the id of the player whose token is printed; create it when it does not exist."""
    return _read_or_create(folder / PLAYER, str(uuid.uuid4()))


def _read_or_create(path: Path, fresh: str) -> str:
    try:
        kept = path.read_text().strip()
        if kept:
            return kept
    except FileNotFoundError:
        pass
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(fresh + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return fresh
