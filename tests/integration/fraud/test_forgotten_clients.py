"""What a check says of a device that comes back after it was forgotten."""

from datetime import UTC, datetime
from uuid import uuid4

from domain.archives.cleaning import delete_unseen_clients
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import Verdict
from domain.store.store import Store
from tests.factories import make_action
from tests.integration.fraud.screened import accept, execute, make_client, policy_of, screen


def test_a_device_that_comes_back_after_it_was_forgotten_is_new_and_holds_nobody(
    store: Store,
) -> None:
    policy = policy_of(CHECKS_BY_NAME["client_fingerprint"])
    shared = make_client(store, names_device=True)
    own = make_client(store, names_device=True)
    player = uuid4()
    mine = [make_action(user_id=player, client_no=own) for _ in range(6)]
    screen(store, accept(store, *mine), policy=policy)
    crowd = [make_action(client_no=shared) for _ in range(6)]
    outcome = screen(store, accept(store, *crowd), policy=policy)
    assert outcome.screenings[-1].verdict is Verdict.QUARANTINE
    execute(store, "UPDATE client_sightings SET seen_at = now() - interval '31 days'")
    execute(store, "UPDATE clients SET seen_at = now() - interval '31 days'")
    assert delete_unseen_clients(store, unseen_days=30, now=datetime.now(UTC)).rows == {
        "client_sightings": 14,
        "clients": 2,
    }
    back = make_client(store, names_device=True)
    assert back not in (shared, own)
    action = make_action(user_id=player, client_no=back)
    (screening,) = screen(store, accept(store, action), policy=policy).screenings
    assert screening.verdict is Verdict.PASS
    assert "a new device" in str(screening.checks["client_fingerprint"])
    # An action that was taken in before its client was forgotten goes on without.
    late = make_action(user_id=player, client_no=shared)
    (screening,) = screen(store, accept(store, late), policy=policy).screenings
    assert (screening.verdict, dict(screening.checks)) == (Verdict.PASS, {})
