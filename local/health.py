"""Requests `/health` of the running API; called by `serve`, `demo`, the rig and the faults."""

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from local.ports import LOOPBACK

ANSWER_SECONDS = 1.0
PROBE_EVERY_SECONDS = 0.25
EVERYWHERE = ("0.0.0.0", "::", "")


@dataclass(frozen=True)
class Health:
    """The answer of `/health`; `wrong` has the name and the description of each unhealthy part."""

    status: str
    wrong: tuple[tuple[str, str], ...] = ()

    @property
    def is_ok(self) -> bool:
        return self.status == "ok"


def reachable_host(host: str) -> str:
    """Return the address at which a server bound to `host` can be reached from this machine."""
    return LOOPBACK if host in EVERYWHERE else host


def ask_health(host: str, port: int) -> Health:
    """Return the health of the API; its status is `unreachable` when there is no answer."""
    connection = http.client.HTTPConnection(reachable_host(host), port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Health("unreachable", (("api", str(error) or type(error).__name__),))
    finally:
        connection.close()
    if not isinstance(answer, dict):
        return Health("unreachable", (("api", "the answer of /health is not a JSON object"),))
    return Health(str(answer.get("status", "unknown")), tuple(_wrong_parts(answer)))


def ok_probe(host: str, port: int) -> Callable[[], bool]:
    """Return a function that asks whether the API is healthy, at most four times a second."""
    next_at = 0.0

    def is_ok() -> bool:
        nonlocal next_at
        if time.monotonic() < next_at:
            return False
        healthy = ask_health(host, port).is_ok
        next_at = time.monotonic() + PROBE_EVERY_SECONDS
        return healthy

    return is_ok


def _wrong_parts(answer: dict[str, object]) -> list[tuple[str, str]]:
    """Return the parts that are not ok, at any depth of the answer."""
    wrong = []
    for name, part in answer.items():
        if not isinstance(part, dict):
            continue
        if "ok" not in part:
            wrong += _wrong_parts(part)
        elif part["ok"] is not True:
            details = [f"{key}: {value}" for key, value in part.items() if key not in ("ok", "ms")]
            wrong.append((name, ", ".join(details) or "not ok"))
    return wrong
