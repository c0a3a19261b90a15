"""The Redis client: which errors may pass, and which mean that a command is wrong."""

from typing import Any

import pytest
from redis import Redis
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from structlog.testing import capture_logs

from domain.errors import RedisRefusalError, RedisUnavailableError
from domain.store.redis.circuit_breaker import FAILURES_TO_OPEN
from domain.store.redis.client import RedisClient

IN_SCRIPT = "ERR Error running script (call to f_1f): @user_script:3: @user_script: 3: -"
SILENCE = [RedisConnectionError("refused"), RedisTimeoutError("too slow"), OSError(104, "reset")]
OF_THE_SERVER = {
    "LOADING Redis is loading the dataset in memory": "LOADING",
    "OOM command not allowed when used memory > 'maxmemory'.": "OOM",
    "READONLY You can't write against a read only replica.": "READONLY",
    "MASTERDOWN Link with MASTER is down.": "MASTERDOWN",
    "CLUSTERDOWN The cluster is down": "CLUSTERDOWN",
    "MISCONF Errors writing to the AOF file: No space left on device": "MISCONF",
    "BUSY Valkey is busy running a script.": "BUSY",
    "NOREPLICAS Not enough good replicas to write.": "NOREPLICAS",
    "NOPERM User default has no permissions to run the 'evalsha' command": "NOPERM",
    "NOAUTH Authentication required.": "NOAUTH",
    IN_SCRIPT + "READONLY You can't write against a read only replica.": "READONLY",
    IN_SCRIPT + "OOM command not allowed when used memory > 'maxmemory'.": "OOM",
}
OF_THE_COMMAND = {
    "WRONGTYPE Operation against a key holding the wrong kind of value": "WRONGTYPE",
    "ERR unknown command": "ERR",
    "ERR Error running script (call to f_1f): @user_script:3: attempt to index a nil value": "ERR",
    IN_SCRIPT + "WRONGTYPE Operation against a key holding the wrong kind of value": "WRONGTYPE",
}


@pytest.fixture
def client() -> RedisClient:
    """A client without a server: the commands of these tests raise their own errors."""
    return RedisClient(Redis(host="127.0.0.1", port=1))


def fail_with(client: RedisClient, error: Exception, *, times: int) -> list[RedisUnavailableError]:
    """Run a command that fails, and return what the caller was told."""
    told = []

    def fail(_client: Any) -> None:
        raise error

    for _ in range(times):
        with pytest.raises(RedisUnavailableError) as raised:
            client.run(fail)
        told.append(raised.value)
    return told


@pytest.mark.parametrize("error", SILENCE, ids=lambda error: type(error).__name__)
def test_silence_opens_the_breaker(client: RedisClient, error: Exception) -> None:
    calls: list[int] = []

    def fail(_client: Any) -> None:
        calls.append(1)
        raise error

    for _ in range(FAILURES_TO_OPEN + 3):
        with pytest.raises(RedisUnavailableError):
            client.run(fail)
    assert not client.usable
    assert len(calls) == FAILURES_TO_OPEN, "no call is made to a server that does not answer"


@pytest.mark.parametrize(("reply", "code"), OF_THE_SERVER.items())
def test_what_a_server_says_of_itself_opens_the_breaker(
    client: RedisClient, reply: str, code: str
) -> None:
    error = BaseParser.parse_error(reply)
    told = fail_with(client, error, times=FAILURES_TO_OPEN + 1)
    assert not client.usable
    assert [one.reply for one in told if isinstance(one, RedisRefusalError)] == [code] * len(told)


@pytest.mark.parametrize(("reply", "code"), OF_THE_COMMAND.items())
def test_a_wrong_command_is_an_outage_to_its_caller_alone_and_is_loud(
    client: RedisClient, reply: str, code: str
) -> None:
    counted: list[str] = []
    client.on_error(counted.append)
    with capture_logs() as logs:
        fail_with(client, BaseParser.parse_error(reply), times=FAILURES_TO_OPEN + 1)
    assert client.usable
    assert counted == [code] * (FAILURES_TO_OPEN + 1)
    assert [(line["event"], line["log_level"], line["code"]) for line in logs] == [
        ("redis refused a command", "error", code)
    ]


def test_a_success_ends_what_is_said_of_a_refusal(client: RedisClient) -> None:
    fail_with(client, BaseParser.parse_error("OOM full"), times=1)
    client.run(lambda _: None)
    (told,) = fail_with(client, RedisConnectionError("refused"), times=1)
    assert not isinstance(told, RedisRefusalError)
