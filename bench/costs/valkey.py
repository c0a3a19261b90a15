"""Redis commands and Celery messages, by the server's own statistics."""

from collections.abc import Mapping
from typing import Any

import redis

# kombu publishes a message of a queue with one LPUSH; events are PUBLISHed and are no messages.
_MESSAGES = ("lpush", "rpush")
_OWN = "info"
_PREFIX = "cmdstat_"


def read_commands(client: redis.Redis) -> dict[str, int]:
    """Return how often each command was called so far, calls by scripts included."""
    statistics: Mapping[str, Any] = client.info("commandstats")
    return parse_commands(statistics)


def parse_commands(statistics: Mapping[str, Any]) -> dict[str, int]:
    """Return the calls by command from the section `commandstats`, without our own."""
    calls = {name.removeprefix(_PREFIX): int(found["calls"]) for name, found in statistics.items()}
    calls.pop(_OWN, None)
    return calls


def commands_between(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[int, int]:
    """Return the number of commands, and of Celery messages, between two readings."""
    grown = {name: calls - before.get(name, 0) for name, calls in after.items()}
    return sum(grown.values()), sum(grown.get(name, 0) for name in _MESSAGES)
