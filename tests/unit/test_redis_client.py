"""The gate to Redis: what means "not now" and what means that a command is wrong."""

from typing import Any

import pytest
from redis import Redis
from redis.exceptions import (
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from domain.errors import RedisUnavailableError
from domain.store.redis.circuit_breaker import FAILURES_TO_OPEN
from domain.store.redis.client import RedisClient

NOT_NOW = [
    RedisConnectionError("refused"),
    RedisTimeoutError("too slow"),
    BusyLoadingError("loading"),
    OutOfMemoryError("command not allowed when used memory > 'maxmemory'"),
    ReadOnlyError("You can't write against a read only replica."),
    ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
    ResponseError("BUSY Valkey is busy running a script."),
    ResponseError("NOREPLICAS Not enough good replicas to write."),
]


@pytest.fixture
def gate() -> RedisClient:
    """A gate whose client is never asked: the commands of these tests fail by themselves."""
    return RedisClient(Redis(host="127.0.0.1", port=1))


@pytest.mark.parametrize("error", NOT_NOW, ids=lambda error: str(error).split()[0])
def test_not_now_is_one_error_and_opens_the_breaker(gate: RedisClient, error: Exception) -> None:
    calls: list[int] = []

    def fail(_client: Any) -> None:
        calls.append(1)
        raise error

    for _ in range(FAILURES_TO_OPEN + 3):
        with pytest.raises(RedisUnavailableError):
            gate.run(fail)
    assert not gate.usable
    assert len(calls) == FAILURES_TO_OPEN, "nobody waits for a server that does not answer"


@pytest.mark.parametrize("message", ["WRONGTYPE Operation against a key", "ERR unknown command"])
def test_a_wrong_command_is_a_mistake_of_ours_and_says_nothing_of_the_server(
    gate: RedisClient, message: str
) -> None:
    def fail(_client: Any) -> None:
        raise ResponseError(message)

    for _ in range(FAILURES_TO_OPEN + 1):
        with pytest.raises(ResponseError, match=message.split()[0]):
            gate.run(fail)
    assert gate.usable
