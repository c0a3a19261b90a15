"""The table of probes: the parts of the system that `/health` asks, one entry each."""

import http.client
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from domain.boards.model import GLOBAL_BOARD
from domain.clients.locating import Locator
from domain.errors import LaurelError
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.policy import Policy, policy_from
from domain.settings import Settings
from domain.store.health import SAFE_POLICY, ping_database
from domain.store.postgres.actions.queue_age import read_oldest_seconds, read_queue_age_seconds
from domain.store.postgres.checkpoints import find_last_checkpoint
from domain.store.postgres.errors import describe_refusals
from domain.store.postgres.fraud.policies import read_head
from domain.store.postgres.heartbeats import beat, list_silence_seconds
from domain.store.redis.boards import is_board_trusted
from domain.store.store import Store
from web.access.verifier import TokenVerifier
from web.health.probe_runner import Facts, Probe, ProbeRunner
from workers.process.background import BackgroundThread

LIVE_ANSWER_SECONDS = 1.0
# A process sends a heartbeat every 5 s or more often; three missed ones are silence.
SILENCE_SECONDS = 15.0
# Revocations are read every second; a token revoked longer ago than this might still be accepted.
MAX_REVOCATIONS_AGE_SECONDS = 10.0
# The keys of JWT_JWKS are read every five minutes; a new one might be missed by now.
MAX_KEY_SET_AGE_SECONDS = 900.0
# Checkpoints are looked after every minute.
MAX_CHECKPOINT_AGE_SECONDS = 200.0
NOT_KEPT = {
    "checkpoints": "the audit log is no longer signed",
    "checkpoint-file": "the file of checkpoints is no longer written",
}
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
NOBODY = UUID(int=0)

ListThreads = Callable[[], Sequence[BackgroundThread]]


def make_probes(
    settings: Settings,
    store: Store,
    verifier: TokenVerifier,
    list_threads: ListThreads = tuple,
    locator: Locator | None = None,
) -> ProbeRunner:
    """Return the probes of the API; `list_threads` names the background threads."""
    table: dict[str, Probe] = {
        "database": partial(_probe_database, store),
        "redis": partial(_probe_redis, store),
        "websocket": partial(_probe_websocket, settings),
        "authentication": partial(_probe_authentication, verifier),
        "workers": partial(_probe_heartbeat, store, "worker"),
        "keeper": partial(_probe_heartbeat, store, "keeper"),
        "checkpoints": partial(_probe_checkpoints, settings, store),
        "queueAge": partial(_probe_queue_age, settings, store),
        "threads": partial(_probe_threads, list_threads),
        "geolocation": partial(_probe_geolocation, locator or Locator()),
        "fraudPolicy": partial(_probe_fraud_policy, store, PolicyCache(), policy_from(settings)),
    }
    return ProbeRunner(table)


def _probe_database(store: Store) -> Facts:
    with describe_refusals(), store.write() as connection:
        ping_database(connection)
        beat(connection, process="api")
    return {}


def _probe_redis(store: Store) -> Facts:
    policy = store.redis.find_server().eviction_policy
    facts: dict[str, Any] = {"evictionPolicy": policy}
    if policy not in (None, SAFE_POLICY):
        facts["warning"] = f"keys may be evicted: set maxmemory-policy to {SAFE_POLICY}"
    if not is_board_trusted(store.redis, board=GLOBAL_BOARD):
        raise LaurelError("the board is incomplete and is read from SQL", details=facts)
    return facts


def _probe_websocket(settings: Settings) -> Facts:
    host = EVERY_ADDRESS.get(settings.host, settings.host)
    live = http.client.HTTPConnection(host, settings.live_port, timeout=LIVE_ANSWER_SECONDS)
    try:
        live.request("GET", "/health/live")
        status = live.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise LaurelError("the live process does not answer") from error
    finally:
        live.close()
    if status != 200:
        raise LaurelError(f"the live process answered {status}")
    return {}


def _probe_authentication(verifier: TokenVerifier) -> Facts:
    token = verifier.codec.issue(user_id=NOBODY, username=None, lifetime_seconds=5)
    verifier.codec.decode(token)
    facts = {"revocationsSeconds": round(verifier.revocations.age_seconds, 1)}
    if facts["revocationsSeconds"] > MAX_REVOCATIONS_AGE_SECONDS:
        raise LaurelError("revocations have not been read for too long", details=facts)
    if verifier.codec.key_set is not None:
        facts["keySetSeconds"] = round(verifier.codec.key_set.age_seconds, 1)
        if facts["keySetSeconds"] > MAX_KEY_SET_AGE_SECONDS:
            raise LaurelError("JWT_JWKS has not been read for too long", details=facts)
    return facts


def _probe_heartbeat(store: Store, process: str) -> Facts:
    with describe_refusals(), store.write() as connection:
        silence = list_silence_seconds(connection).get(process)
    if silence is None:
        raise LaurelError("was never seen")
    facts = {"silentSeconds": round(silence, 1)}
    if silence > SILENCE_SECONDS:
        raise LaurelError("has fallen silent", details=facts)
    return facts


def _probe_checkpoints(settings: Settings, store: Store) -> Facts:
    with describe_refusals(), store.write() as connection:
        silence = list_silence_seconds(connection)
        last = find_last_checkpoint(connection)
    # The keeper alone needs the key: where it signs, this process may have none.
    if not settings.audit_signing_key and last is None:
        return {"warning": "the audit log is not signed: AUDIT_SIGNING_KEY is not set"}
    facts = {"entries": last.size if last else 0}
    for process, sentence in NOT_KEPT.items():
        if silence.get(process, math.inf) > MAX_CHECKPOINT_AGE_SECONDS:
            raise LaurelError(f"{sentence}; the keeper's log says why", details=facts)
    return facts


def _probe_queue_age(settings: Settings, store: Store) -> Facts:
    with describe_refusals(), store.write() as connection:
        age = read_queue_age_seconds(connection)
        oldest = read_oldest_seconds(connection)
    facts = {"seconds": round(age, 1), "oldestSeconds": round(oldest, 1)}
    if oldest > settings.max_queue_age_seconds:
        raise LaurelError("actions wait too long to be scored", details=facts)
    return facts


def _probe_threads(list_threads: ListThreads) -> Facts:
    threads = list_threads()
    facts = {"seconds": {thread.name: round(thread.seconds_since_success, 1) for thread in threads}}
    sick = [thread.name for thread in threads if not thread.is_healthy]
    if sick:
        raise LaurelError(f"dead or stuck: {', '.join(sick)}", details=facts)
    return facts


def _probe_geolocation(locator: Locator) -> Facts:
    """Show the file of places; without it actions only know less, so that all is still well."""
    facts: dict[str, Any] = {"hasFile": locator.has_file, "failures": locator.failures}
    if locator.problem is not None:
        facts["warning"] = locator.problem
    return facts


def _probe_fraud_policy(store: Store, policies: PolicyCache, fallback: Policy) -> Facts:
    """Show which policy judges; with one that is not understood the last good one judges on."""
    with describe_refusals(), store.write() as connection:
        head = read_head(connection)
        judging = policies.find(connection, head=head, fallback=fallback)
    facts: dict[str, Any] = {"live": head.live_number}
    if judging.shadow is not None:
        facts["shadow"] = judging.shadow.policy.number
    if policies.problem is not None:
        facts["warning"] = policies.problem
    return facts
