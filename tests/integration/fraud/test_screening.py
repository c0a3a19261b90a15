"""Screening: which earlier actions count in a window, by intake time, in any order of work."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.chain import SCORE
from domain.actions.intake import accept_actions
from domain.actions.model import LinkOutcome, NewAction
from domain.clients.known import KnownClients
from domain.fraud import screening
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.screening import screen_batch
from domain.fraud.sightings import KnownSightings
from domain.store.store import Store
from tests.factories import make_action, make_player, make_policy
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

POLICY = make_policy(
    max_score_per_action=1000,
    max_actions_per_minute=3,
    suspicious_score_threshold=1000,
    action_max_age_seconds=300,
    action_max_future_seconds=30,
)


def accept(store: Store, *actions: NewAction) -> UUID:
    return accept_actions(store, actions=actions, reply_to=None).batches[0].batch_id


def screen(store: Store, batch_id: UUID) -> LinkOutcome:
    outcome = screen_batch(
        store,
        batch_id=batch_id,
        policy=POLICY,
        policies=PolicyCache(),
        clients=KnownClients(),
        sightings=KnownSightings(),
    )
    return outcome.link


def read_verdicts(store: Store, *actions: NewAction) -> list[tuple[str, str | None]]:
    """Return verdict and reason of screened actions; one without an entry passed."""
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT e.action_id, b.verdicts -> CAST(e.action_no AS text) AS found"
                " FROM action_batches b, unnest(b.action_ids, b.action_nos) e(action_id, action_no)"
                " WHERE b.stage <> 'accepted'"
            )
        )
        found = {row.action_id: row.found or {"verdict": "pass", "reason": None} for row in rows}
    return [
        (found[action.action_id]["verdict"], found[action.action_id]["reason"])
        for action in actions
    ]


def age(store: Store, batch_id: UUID, seconds: float, *, than: UUID) -> None:
    """Make a batch's intake so much earlier than that of another, by PostgreSQL's clock."""
    with store.write() as connection:
        parameters: dict[str, Any] = {"batch_id": batch_id, "seconds": seconds, "than": than}
        connection.execute(
            text(
                "UPDATE action_batches SET created_at = (SELECT created_at FROM action_batches"
                " WHERE batch_id = :than) - make_interval(secs => :seconds)"
                " WHERE batch_id = :batch_id"
            ),
            parameters,
        )


def test_each_action_gets_one_verdict_and_keeps_its_status(store: Store) -> None:
    player = uuid4()
    actions = [make_action(user_id=player, score=10) for _ in range(4)]
    batch_id = accept(store, *actions)
    assert screen(store, batch_id) is LinkOutcome.MOVED
    assert read_verdicts(store, *actions) == [("pass", None)] * 3 + [("reject", "VELOCITY")]
    with store.write() as connection:
        assert connection.execute(text("SELECT 1 FROM user_actions")).all() == []
    assert screen(store, batch_id) is LinkOutcome.NOT_ITS_TURN


def test_a_process_that_dies_before_the_commit_leaves_the_batch_where_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = make_action()
    batch_id = accept(store, action)
    write_verdicts = screening.write_verdicts

    def write_and_die(*args: Any, **arguments: Any) -> None:
        write_verdicts(*args, **arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(screening, "write_verdicts", write_and_die)
        with pytest.raises(KeyboardInterrupt):
            screen(store, batch_id)
    with store.write() as connection:
        stages = connection.execute(text("SELECT stage FROM action_batches")).scalars()
        assert list(stages) == ["accepted"]
    assert screen(store, batch_id) is LinkOutcome.MOVED
    assert read_verdicts(store, action) == [("pass", None)]


def test_the_same_batch_run_by_many_at_once_is_screened_once(store: Store) -> None:
    batch_id = accept(store, make_action(), make_action())
    outcomes: list[LinkOutcome] = []
    run_in_threads(lambda: outcomes.append(screen(store, batch_id)), count=8)
    assert outcomes.count(LinkOutcome.MOVED) == 1
    assert outcomes.count(LinkOutcome.NOT_ITS_TURN) == 7


@pytest.mark.parametrize("first_to_run", ["earlier", "later"])
def test_pending_actions_of_other_batches_count_in_any_order_of_work(
    store: Store, first_to_run: str
) -> None:
    player = uuid4()
    earlier = [make_action(user_id=player, score=1) for _ in range(2)]
    later = [make_action(user_id=player, score=1) for _ in range(2)]
    batches = [accept(store, *earlier), accept(store, *later)]
    for batch_id in batches if first_to_run == "earlier" else batches[::-1]:
        screen(store, batch_id)
    assert read_verdicts(store, *earlier, *later) == [
        ("pass", None),
        ("pass", None),
        ("pass", None),
        ("reject", "VELOCITY"),
    ]


@pytest.mark.parametrize("scored", [False, True])
def test_rejected_actions_do_not_count_whether_scored_or_not(
    worker_context: WorkerContext, scored: bool
) -> None:
    store = worker_context.store
    player = uuid4()
    rejected = [make_action(user_id=player, score=5000) for _ in range(5)]
    first = accept(store, *rejected)
    screen(store, first)
    if scored:
        run_link(worker_context, link=SCORE, batch_id=first)
    actions = [make_action(user_id=player, score=1) for _ in range(4)]
    screen(store, accept(store, *actions))
    assert read_verdicts(store, *actions) == [("pass", None)] * 3 + [("reject", "VELOCITY")]


@pytest.mark.parametrize("scored", [False, True])
def test_held_actions_count(worker_context: WorkerContext, scored: bool) -> None:
    store = worker_context.store
    player = uuid4()
    held = [make_action(user_id=player, score=600), make_action(user_id=player, score=600)]
    first = accept(store, *held)
    screen(store, first)
    if scored:
        run_link(worker_context, link=SCORE, batch_id=first)
    assert read_verdicts(store, *held) == [("pass", None), ("quarantine", "SCORE_BURST")]
    after = make_action(user_id=player, score=0)
    screen(store, accept(store, after))
    assert read_verdicts(store, after) == [("quarantine", "SCORE_BURST")]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59.999, ("reject", "VELOCITY")), (60, ("pass", None)), (61, ("pass", None))],
)
def test_a_minute_is_sixty_seconds_of_intake_time(
    store: Store, seconds: float, expected: tuple[str, str | None]
) -> None:
    player = make_player(store)
    old = accept(store, *(make_action(user_id=player.user_id, score=1) for _ in range(3)))
    action = make_action(user_id=player.user_id, score=1)
    batch_id = accept(store, action)
    age(store, old, seconds, than=batch_id)
    screen(store, batch_id)
    assert read_verdicts(store, action) == [expected]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(3599.999, ("quarantine", "SCORE_BURST")), (3600, ("pass", None)), (3601, ("pass", None))],
)
def test_an_hour_is_an_hour_of_intake_time(
    store: Store, seconds: float, expected: tuple[str, str | None]
) -> None:
    player = make_player(store)
    old = accept(store, make_action(user_id=player.user_id, score=1000))
    action = make_action(user_id=player.user_id, score=1)
    batch_id = accept(store, action)
    age(store, old, seconds, than=batch_id)
    screen(store, batch_id)
    assert read_verdicts(store, action) == [expected]


def test_later_actions_and_other_players_do_not_count(store: Store) -> None:
    player = uuid4()
    action = make_action(user_id=player, score=900)
    batch_id = accept(store, action)
    accept(store, *(make_action(user_id=player, score=900) for _ in range(5)))
    accept(store, *(make_action(score=900) for _ in range(5)))
    screen(store, batch_id)
    assert read_verdicts(store, action) == [("pass", None)]


def test_an_action_whose_id_belongs_to_another_row_is_rejected(store: Store) -> None:
    action = make_action()
    batch_id = accept(store, action)
    with store.write() as connection:
        connection.execute(text("UPDATE action_ids SET action_no = action_no + 1000"))
    screen(store, batch_id)
    assert read_verdicts(store, action) == [("reject", "DUPLICATE_ACTION")]


def test_a_mixed_batch_is_screened_player_by_player(store: Store) -> None:
    players = [uuid4() for _ in range(30)]
    actions = [make_action(user_id=player, score=1) for _ in range(4) for player in players]
    screen(store, accept(store, *actions))
    verdicts = read_verdicts(store, *actions)
    assert verdicts[:90] == [("pass", None)] * 90
    assert verdicts[90:] == [("reject", "VELOCITY")] * 30
