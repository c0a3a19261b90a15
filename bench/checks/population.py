"""Gives the players of a stack devices, addresses and play sessions, so that the checks have work.

A game server's actions have no client, and only its batches have a hundred actions each: a trigger
gives each action its player's client, as intake does for players' own requests.
"""

import json
from pathlib import Path
from typing import Any

import psycopg2

from domain.fraud.anomaly.model import FEATURES, Model
from rig.players import read_players
from rig.stack import Stack

_CLIENTS = """
CREATE TABLE bench_clients (user_id uuid PRIMARY KEY, client_no bigint NOT NULL);
WITH players AS (
    SELECT user_id, row_number() OVER () AS n FROM unnest(%s::uuid[]) user_id
), made AS (
    INSERT INTO clients (device, names_device, address, country, latitude, longitude, is_hosting)
    SELECT md5('device ' || n)::uuid, n %% 5 > 0, md5('address ' || n / 3)::uuid,
        (ARRAY['DE', 'FR', 'JP', 'BR'])[1 + n / 3 %% 4], n / 3 %% 60, n / 3 %% 120, false
    FROM players RETURNING client_no, device
)
INSERT INTO bench_clients
SELECT user_id, client_no FROM players JOIN made ON made.device = md5('device ' || n)::uuid
"""
_SESSIONS = """
INSERT INTO play_sessions (session_id, user_id, client_no, started_at, expires_at)
SELECT user_id, user_id, client_no, now() - interval '11 hours', now() + interval '11 hours'
FROM bench_clients
"""
_TRIGGER = """
CREATE FUNCTION bench_give_clients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.client_nos := ARRAY(
        SELECT c.client_no FROM unnest(NEW.user_ids) WITH ORDINALITY u(user_id, n)
        LEFT JOIN bench_clients c USING (user_id) ORDER BY n
    );
    RETURN NEW;
END $$;
CREATE TRIGGER bench_give_clients BEFORE INSERT ON action_batches
FOR EACH ROW EXECUTE FUNCTION bench_give_clients()
"""
_MODEL = """
INSERT INTO fraud_models (state, model, trained_on) VALUES ('live', %s, 1000000)
"""
_FINDINGS = """
SELECT check_name, count(*) FROM user_actions, jsonb_object_keys(checks) check_name
GROUP BY check_name
"""


def make_clients(stack: Stack, players: Any) -> None:
    """Give every player of the file a client, which its next actions have."""
    found, _ = read_players(players)
    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_CLIENTS, ([player.user_id for player in found],))
        cursor.execute(_TRIGGER)
    connection.close()


def open_play_sessions(stack: Stack) -> None:
    """Open a play session of each player, with the player's own id; the players are stored."""
    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
    connection.close()


def use_policy(stack: Stack, policy: dict[str, Any]) -> None:
    """Make a policy the live one by the operators' command."""
    path = stack.home.folder / "policy.json"
    path.write_text(json.dumps(policy))
    stack.output_of("flask", "--app", "wsgi", *list_arguments(path))


def list_arguments(path: Path) -> tuple[str, ...]:
    """Return the operators' command that makes the policy of a file the live one."""
    return ("fraud", "create", str(path), "--note", "benchmark")


def make_model(stack: Stack) -> None:
    """Make a model live that looks at every feature of an action, and finds nothing in it."""
    edges = tuple(float(edge) for edge in range(20))
    model = Model(
        names=FEATURES,
        edges=(edges,) * len(FEATURES),
        surprise=((0.1,) * (len(edges) + 1),) * len(FEATURES),
        usual=100.0,
        rare=200.0,
        trained_on=1_000_000,
    )
    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_MODEL, (model.to_json(),))
    connection.close()


def count_findings(stack: Stack) -> dict[str, int]:
    """Return by check how many actions it has found something in."""
    with psycopg2.connect(stack.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_FINDINGS)
        found = dict(cursor.fetchall())
    connection.close()
    return found
