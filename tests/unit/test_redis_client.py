"""The Redis client: which errors may pass, and which mean that a command is wrong."""

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

PASSING_ERRORS = [
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
def client() -> RedisClient:
    """A client without a server: the commands of these tests raise their own errors."""
    return RedisClient(Redis(host="127.0.0.1", port=1))


@pytest.mark.parametrize("error", PASSING_ERRORS, ids=lambda error: str(error).split()[0])
def test_an_error_that_may_pass_opens_the_breaker(client: RedisClient, error: Exception) -> None:
    calls: list[int] = []

    def fail(_client: Any) -> None:
        calls.append(1)
        raise error

    for _ in range(FAILURES_TO_OPEN + 3):
        with pytest.raises(RedisUnavailableError):
            client.run(fail)
    assert not client.usable
    assert len(calls) == FAILURES_TO_OPEN, "no call is made to a server that does not answer"


@pytest.mark.parametrize("message", ["WRONGTYPE Operation against a key", "ERR unknown command"])
def test_a_wrong_command_is_raised_as_it_is_and_does_not_open_the_breaker(
    client: RedisClient, message: str
) -> None:
    def fail(_client: Any) -> None:
        raise ResponseError(message)

    for _ in range(FAILURES_TO_OPEN + 1):
        with pytest.raises(ResponseError, match=message.split()[0]):
            client.run(fail)
    assert client.usable
