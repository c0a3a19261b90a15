"""Factories of test data: valid by default, changed by keyword arguments."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, text

from domain.actions.model import NewAction, Status
from domain.fraud.policy import Policy, policy_from
from domain.settings import Settings
from domain.store.postgres import tables
from domain.store.postgres.partitions import ensure_partitions
from domain.store.store import Store

JWT_SECRET = "0f9c6a5be1d7428394a1c05d6e7fb8234bd1e0f7"


@dataclass(frozen=True)
class Player:
    """A stored player."""

    user_id: UUID
    username: str


def make_settings(**overrides: Any) -> Settings:
    """Return settings for tests: default limits, unreachable stores, no archiving."""
    values: dict[str, Any] = {
        "laurel_env": "test",
        "database_url": "postgresql://nobody@127.0.0.1:1/nowhere",
        "redis_url": "redis://127.0.0.1:1/0",
        "jwt_secret": JWT_SECRET,
        "retention_days": 0,
    }
    return Settings(**{**values, **overrides})


def make_policy(**overrides: Any) -> Policy:
    """Return the policy of the settings for tests."""
    return policy_from(make_settings(**overrides))


def make_action(**overrides: Any) -> NewAction:
    """Return an action as the web passes it to intake, of a new player by default."""
    values: dict[str, Any] = {
        "action_id": uuid4(),
        "user_id": uuid4(),
        "username": None,
        "score": 100,
        "action_type": "level_complete",
        "timestamp": datetime.now(UTC),
        "metadata": '{"actionType":"level_complete","level":5}',
        "request_hash": b"h" * 32,
        "request_id": f"req_{uuid4().hex[:12]}",
    }
    return NewAction(**{**values, **overrides})


def make_player(store: Store, *, username: str | None = None, **scores: Any) -> Player:
    """Store a player without actions; `scores` are columns of user_scores."""
    user_id = scores.pop("user_id", None) or uuid4()
    player = Player(user_id, username or f"player_{user_id.hex[:8]}")
    with store.write() as connection:
        connection.execute(
            insert(tables.users).values(
                user_id=user_id, username=player.username, username_key=player.username.casefold()
            )
        )
        connection.execute(insert(tables.user_scores).values(user_id=user_id, **scores))
    return player


def make_stored_action(
    store: Store, player: Player, *, at: datetime, status: Status = Status.APPLIED, **columns: Any
) -> UUID:
    """Store an action's row and its id; add it to the score when it is applied.

    Creates the partition of its month. `columns` are columns of user_actions.
    """
    action_id: UUID = columns.pop("action_id", None) or uuid4()
    score: int = columns.pop("score_delta", 100)
    with store.write() as connection:
        ensure_partitions(connection, now=at, months_ahead=0)
        number = connection.execute(text("SELECT nextval('action_no_seq')")).scalar_one()
        connection.execute(
            insert(tables.action_ids).values(
                action_id=action_id,
                action_no=number,
                user_id=player.user_id,
                request_hash=b"h" * 32,
                created_at=at,
            )
        )
        values = {
            "action_id": action_id,
            "user_id": player.user_id,
            "score_delta": score,
            "created_at": at,
            "action_no": number,
            "batch_id": uuid4(),
            "status": status,
            "version": 0 if status is Status.PENDING else 1,
            "metadata": {"text": 'a "quoted" \\ path,\nand a line'},
            "verdict": "pass",
        }
        connection.execute(insert(tables.user_actions).values({**values, **columns}))
        if status is Status.APPLIED:
            connection.execute(
                text(
                    "UPDATE user_scores SET score = score + :score, reached_seq = :number,"
                    " version = version + 1 WHERE user_id = :user_id"
                ),
                {"score": score, "number": number, "user_id": player.user_id},
            )
    return action_id
