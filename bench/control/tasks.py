"""The control's five tasks: a fraud query, a transaction, a ZADD, an audit row, a publish.

Each does what a tutorial would show, no more and no less.
"""

import json
from functools import cache
from typing import Any

import redis
import sqlalchemy
from celery import chain
from sqlalchemy import text

from bench.control.app import PREFIX, app, make_engine, make_redis

DONE = PREFIX + "done"
BOARD = PREFIX + "board"
MOST_IN_A_MINUTE = 1_000_000_000

_RECENT = text(
    "SELECT count(*) FROM control.actions"
    " WHERE user_id = :user_id AND created_at > now() - interval '1 minute'"
)
_INSERT_ACTION = text(
    "INSERT INTO control.actions (action_id, user_id, score) VALUES (:action_id, :user_id, :score)"
)
_ADD_SCORE = text(
    "INSERT INTO control.scores (user_id, score, actions) VALUES (:user_id, :score, 1)"
    " ON CONFLICT (user_id) DO UPDATE SET score = control.scores.score + excluded.score,"
    " actions = control.scores.actions + 1 RETURNING score"
)
_INSERT_AUDIT = text("INSERT INTO control.audit (action_id, entry) VALUES (:action_id, :entry)")


@cache
def _engine() -> sqlalchemy.Engine:
    return make_engine()


@cache
def _redis() -> redis.Redis:
    return make_redis()


@app.task
def check_fraud(action_id: str, user_id: str, score: int) -> None:
    """Count the player's actions of the last minute."""
    with _engine().connect() as connection:
        recent = connection.execute(_RECENT, {"user_id": user_id}).scalar_one()
    if recent > MOST_IN_A_MINUTE:
        raise ValueError("too many actions")


@app.task
def update_score(action_id: str, user_id: str, score: int) -> int:
    """Insert the action and add its score; return the new score."""
    values = {"action_id": action_id, "user_id": user_id, "score": score}
    with _engine().begin() as connection:
        connection.execute(_INSERT_ACTION, values)
        total: int = connection.execute(_ADD_SCORE, values).scalar_one()
    return total


@app.task
def refresh_leaderboard(total: int, user_id: str) -> int:
    """Write the new score to the board; return it."""
    _redis().zadd(BOARD, {user_id: total})
    return total


@app.task
def write_audit(total: int, action_id: str, user_id: str) -> int:
    """Insert an audit row; return the new score."""
    entry = json.dumps({"userId": user_id, "newScore": total})
    with _engine().begin() as connection:
        connection.execute(_INSERT_AUDIT, {"action_id": action_id, "entry": entry})
    return total


@app.task
def publish(total: int, action_id: str, user_id: str) -> None:
    """Publish the new score; the generator waits for this message."""
    event = {"event": "score_updated", "actionId": action_id, "userId": user_id, "newScore": total}
    _redis().publish(DONE, json.dumps(event))


def chain_of(action_id: str, user_id: str, score: int) -> Any:
    """Return the chain of one action."""
    return chain(
        check_fraud.si(action_id, user_id, score),
        update_score.si(action_id, user_id, score),
        refresh_leaderboard.s(user_id),
        write_audit.s(action_id, user_id),
        publish.s(action_id, user_id),
    )
