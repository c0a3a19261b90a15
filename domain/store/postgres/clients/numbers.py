"""SQL of clients: numbers for new ones, and the rows of known numbers."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from domain.clients.model import SEEN_WITHIN, ClientFacts
from domain.fraud.candidate import Client
from domain.store.postgres.statements import prepared

# What a process that numbers clients waits for locks: the actions of its flush wait meanwhile.
LOCK_TIMEOUT_MS = 200

_WANTED = """
    SELECT * FROM unnest(CAST(:devices AS uuid[]), CAST(:addresses AS uuid[]),
        CAST(:named AS boolean[]), CAST(:countries AS text[]), CAST(:latitudes AS float4[]),
        CAST(:longitudes AS float4[]), CAST(:hosting AS boolean[])) WITH ORDINALITY
    AS t(device, address, names_device, country, latitude, longitude, is_hosting, ordinal)
"""
_KEY = "(device, address, names_device, country)"
# A row that another transaction commits or deletes while this one waits for it is in no part. One
# that was not seen for long may be deleted at any time: its number is good once it is locked.
_ENSURE = prepared(f"""
WITH wanted AS MATERIALIZED ({_WANTED}), existing AS MATERIALIZED (
    SELECT w.ordinal, c.client_no,
        c.seen_at < now() - make_interval(days => {SEEN_WITHIN.days}) AS is_old
    FROM wanted w JOIN clients c USING (device, address, names_device, country)
), locked AS MATERIALIZED (
    SELECT client_no FROM clients
    WHERE client_no = ANY(ARRAY(SELECT client_no FROM existing WHERE is_old))
    ORDER BY client_no FOR NO KEY UPDATE
), seen AS (
    UPDATE clients SET seen_at = now() WHERE client_no = ANY(ARRAY(SELECT client_no FROM locked))
    RETURNING client_no
), inserted AS (
    INSERT INTO clients
        (device, address, names_device, country, latitude, longitude, is_hosting)
    SELECT DISTINCT ON {_KEY}
        device, address, names_device, country, latitude, longitude, is_hosting
    FROM wanted WHERE ordinal NOT IN (SELECT ordinal FROM existing)
    ORDER BY {_KEY[1:-1]}
    ON CONFLICT {_KEY} DO NOTHING
    RETURNING client_no, device, address, names_device, country
)
SELECT ordinal, client_no FROM existing WHERE NOT is_old
UNION ALL
SELECT e.ordinal, e.client_no FROM existing e JOIN seen USING (client_no)
UNION ALL
SELECT w.ordinal, i.client_no FROM wanted w JOIN inserted i
USING (device, address, names_device, country)
""")
_LIST = prepared(
    "SELECT client_no, CAST(device AS text), names_device, CAST(address AS text), country,"
    " latitude, longitude, is_hosting FROM clients"
    " WHERE client_no = ANY(CAST(:numbers AS bigint[]))"
)


def wait_briefly(connection: Connection) -> None:
    """Let this transaction wait for locks for LOCK_TIMEOUT_MS at most."""
    connection.execute(
        prepared("SELECT set_config('lock_timeout', CAST(:timeout AS text), true)"),
        {"timeout": str(LOCK_TIMEOUT_MS)},
    )


def ensure_clients(
    connection: Connection, *, clients: Sequence[ClientFacts]
) -> dict[ClientFacts, int]:
    """Return the numbers of these clients; those without a row get one. All are seen now.

    One statement, and a second one when another transaction has just inserted some of them, or
    deleted them for not being seen.
    """
    numbers: dict[ClientFacts, int] = {}
    # Inserted in one order by everybody, so that no two wait for each other.
    left = list(dict.fromkeys(clients))
    for _ in range(2):
        if not left:
            break
        rows = connection.execute(_ENSURE, _columns(left)).all()
        numbers.update({left[row.ordinal - 1]: row.client_no for row in rows})
        left = [client for client in left if client not in numbers]
    return numbers


def list_clients(connection: Connection, *, numbers: Iterable[int]) -> list[Client]:
    """Return the clients that have these numbers, in any order."""
    rows = connection.execute(_LIST, {"numbers": list(numbers)})
    return [Client(*row) for row in rows]


def _columns(clients: Sequence[ClientFacts]) -> dict[str, list[object]]:
    return {
        "devices": [client.device.hex for client in clients],
        "addresses": [client.address.hex for client in clients],
        "named": [client.names_device for client in clients],
        "countries": [client.place.country for client in clients],
        "latitudes": [client.place.latitude for client in clients],
        "longitudes": [client.place.longitude for client in clients],
        "hosting": [client.place.is_hosting for client in clients],
    }
