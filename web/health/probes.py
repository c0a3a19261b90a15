"""The parts of the system that `/health` asks, each one entry of a table."""

import http.client
from functools import partial
from uuid import UUID

from domain.errors import LaurelError
from domain.settings import Settings
from domain.store.health import ping_database, ping_redis
from domain.store.postgres.actions.batches import read_queue_age_seconds
from domain.store.postgres.heartbeats import list_silence_seconds
from domain.store.store import Store
from web.access.verifier import TokenVerifier
from web.health.readiness import Facts, Probe, Probes

LIVE_ANSWER_SECONDS = 1.0
# A process beats every 5 s or oftener; three missed beats are silence.
SILENCE_SECONDS = 15.0
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
NOBODY = UUID(int=0)


def make_probes(settings: Settings, store: Store, verifier: TokenVerifier) -> Probes:
    """Return the probes of the API; another part is one more entry here."""
    table: dict[str, Probe] = {
        "database": partial(_probe_database, store),
        "redis": partial(_probe_redis, store),
        "websocket": partial(_probe_websocket, settings),
        "authentication": partial(_probe_authentication, verifier),
        "workers": partial(_probe_heartbeat, store, "worker"),
        "keeper": partial(_probe_heartbeat, store, "keeper"),
        "queueAge": partial(_probe_queue_age, settings, store),
    }
    return Probes(table)


def _probe_database(store: Store) -> Facts:
    with store.write() as connection:
        ping_database(connection)
    return {}


def _probe_redis(store: Store) -> Facts:
    ping_redis(store.redis)
    return {}


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
    return {}


def _probe_heartbeat(store: Store, process: str) -> Facts:
    with store.write() as connection:
        silence = list_silence_seconds(connection).get(process)
    if silence is None:
        raise LaurelError("was never seen")
    facts = {"silentSeconds": round(silence, 1)}
    if silence > SILENCE_SECONDS:
        raise LaurelError("has fallen silent", details=facts)
    return facts


def _probe_queue_age(settings: Settings, store: Store) -> Facts:
    with store.write() as connection:
        age = read_queue_age_seconds(connection)
    facts = {"seconds": round(age, 1)}
    if age > settings.max_queue_age_seconds:
        raise LaurelError("actions wait too long to be scored", details=facts)
    return facts
