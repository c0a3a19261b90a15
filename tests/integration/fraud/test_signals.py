"""The signals: each is read when a check needs it, and what is learned is stored once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.clients.model import SEEN_WITHIN
from domain.errors import DatabaseConflictError, DatabaseLockedError
from domain.fraud import gathering, screening
from domain.fraud.checks.table import CHECKS, CHECKS_BY_NAME
from domain.fraud.policies.json_form import decode_policy
from domain.fraud.policy import Policy
from domain.fraud.profile import Profile
from domain.fraud.sightings import FRESH_SECONDS, KnownSightings
from domain.fraud.signals import PlayState, Signal
from domain.store.postgres.fraud import signals
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.integration.fraud.screened import (
    Recorder,
    accept,
    execute,
    fetch,
    make_client,
    make_play_session,
    policy_of,
    read_play_states,
    read_profiles,
    screen,
)
from tests.waiting import run_in_threads

# Longer than anything takes between a change of the rows and the look at them.
MINUTE = timedelta(minutes=1)
EVERYTHING = [signal for signal in Signal if signal is not Signal.MODEL]


@pytest.fixture
def recorder() -> Recorder:
    """What the check of these tests has seen."""
    return Recorder()


@pytest.fixture
def record(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Policy]:
    """Return a function that makes the recorder a check of the table, and its policy."""

    known = dict(CHECKS_BY_NAME)
    for module in ("policy", "judging", "shadowing"):
        monkeypatch.setattr(f"domain.fraud.{module}.CHECKS_BY_NAME", known)

    def make(*needs: Signal) -> Policy:
        check = recorder.make_check(*needs)
        known[check.name] = check
        return policy_of(check)

    return make


def metadata(**values: Any) -> str:
    return json.dumps({"actionType": "level_complete", **values})


def test_a_check_is_shown_the_facts_of_its_action(
    store: Store, recorder: Recorder, record: Any
) -> None:
    player = uuid4()
    client_no = make_client(store, names_device=True)
    session = uuid4()
    action = make_action(
        user_id=player,
        client_no=client_no,
        step_up=2,
        metadata=metadata(sessionId=str(session).upper(), duration=1234.5),
    )
    bare = make_action(user_id=player, metadata=None, action_type=None)
    screen(store, accept(store, action, bare), policy=record(*EVERYTHING))
    first, second = (candidate for candidate, _ in recorder.seen[-2:])
    assert (first.action_id, first.user_id) == (str(action.action_id), str(player))
    assert (first.action_type, first.duration_ms, first.step_up) == ("level_complete", 1234.5, 2)
    assert first.session_id == str(session)
    assert first.client is not None
    assert (first.client.client_no, first.client.country) == (client_no, "DE")
    assert (second.action_type, second.client, second.step_up) == (None, None, 0)
    assert (second.session_id, second.duration_ms) == (None, None)


@pytest.mark.parametrize(
    ("duration", "seen"),
    [("1e400", None), ("-1", None), ('"90"', None), ("null", None), ("0", 0.0), ("90", 90.0)],
)
def test_only_a_time_of_play_is_a_duration(
    store: Store, recorder: Recorder, record: Any, duration: str, seen: float | None
) -> None:
    action = make_action(metadata=f'{{"duration":{duration},"sessionId":5}}')
    screen(store, accept(store, action), policy=record(Signal.METADATA))
    (candidate, _) = recorder.seen[-1]
    assert (candidate.duration_ms, candidate.session_id) == (seen, "5")


def test_what_vouches_for_an_action_is_shown_to_every_check(
    store: Store, recorder: Recorder, record: Any
) -> None:
    screen(store, accept(store, make_action(step_up=1), make_action()), policy=record())
    assert [candidate.step_up for candidate, _ in recorder.seen[-2:]] == [1, 0]


def test_what_no_check_needs_is_not_read(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    run = signals.HotStatement.run

    def note(self: Any, connection: Any, parameters: Any) -> Any:
        statements.append(self.text)
        return run(self, connection, parameters)

    monkeypatch.setattr(signals.HotStatement, "run", note)
    few = {name: {} for name in ("id_uniqueness", "score_cap", "velocity", "score_burst")}
    few["timestamp_window"] = {"settings": {"maxOffsetSeconds": 0}}
    client_no = make_client(store)
    action = make_action(client_no=client_no, metadata=metadata(sessionId=str(uuid4())))
    screen(store, accept(store, action), policy=decode_policy({"checks": few}))
    assert len(statements) == 2, "the claim and the windows"
    assert not any(table in text for text in statements for table in ("play_sessions", "sightings"))
    assert "locked_profiles" not in "".join(statements)
    assert read_profiles(store) == {}
    assert fetch(store, "SELECT 1 FROM client_sightings") == []


def test_a_player_is_remembered_from_batch_to_batch(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.PROFILE)
    player, other = uuid4(), uuid4()
    screen(store, accept(store, make_action(user_id=player)), policy=policy)
    assert read_profiles(store)[str(player)].seen == 1
    batch_id = accept(
        store, make_action(user_id=player), make_action(user_id=other), make_action(user_id=player)
    )
    screen(store, batch_id, policy=policy)
    assert {user: profile.seen for user, profile in read_profiles(store).items()} == {
        str(player): 3,
        str(other): 1,
    }


@pytest.mark.parametrize("stored", ["", "no profile", "[1,2]", "[999]", "{}"])
def test_a_profile_that_cannot_be_read_is_begun_again(
    store: Store, recorder: Recorder, record: Any, stored: str
) -> None:
    player = make_player(store)
    execute(
        store,
        "INSERT INTO player_profiles (user_id, profile) VALUES (:user_id, :profile)",
        user_id=player.user_id,
        profile=stored,
    )
    batch_id = accept(store, make_action(user_id=player.user_id))
    assert screen(store, batch_id, policy=record(Signal.PROFILE)).screenings[0].verdict == "pass"
    profile = read_profiles(store)[str(player.user_id)]
    assert (profile.seen, profile.is_unreadable) == (1, False)


def test_a_batch_that_is_lost_before_its_commit_is_not_learned_twice(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = record(*EVERYTHING)
    player = make_player(store)
    session_id = make_play_session(store, player.user_id)
    action = make_action(
        user_id=player.user_id,
        client_no=make_client(store),
        metadata=metadata(sessionId=str(session_id), duration=5000),
    )
    batch_id = accept(store, action)
    insert = screening.write_sightings

    def insert_and_die(*args: Any, **arguments: Any) -> None:
        insert(*args, **arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(screening, "write_sightings", insert_and_die)
        with pytest.raises(KeyboardInterrupt):
            screen(store, batch_id, policy=policy)
    assert read_profiles(store) == {}
    assert fetch(store, "SELECT 1 FROM client_sightings") == []
    screen(store, batch_id, policy=policy)
    screen(store, batch_id, policy=policy)
    assert read_profiles(store)[str(player.user_id)].seen == 1
    assert [state.claimed_ms for state in read_play_states(store).values()] == [5000]
    assert len(fetch(store, "SELECT 1 FROM client_sightings")) == 2


def test_batches_of_the_same_players_at_once_learn_every_action(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.PROFILE, Signal.SIGHTINGS, Signal.CLIENT, Signal.PLAY_SESSION)
    players = [make_player(store).user_id for _ in range(6)]
    sessions = {player: make_play_session(store, player) for player in players}
    client_no = make_client(store)

    def act(player: UUID) -> Any:
        named = metadata(sessionId=str(sessions[player]), duration=10)
        return make_action(user_id=player, client_no=client_no, metadata=named)

    batches = [
        accept(store, *(act(player) for player in (players if turn % 2 else reversed(players))))
        for turn in range(8)
    ]
    waiting = list(batches)
    run_in_threads(lambda: screen(store, waiting.pop(), policy=policy), count=len(batches))
    profiles = read_profiles(store)
    assert {profiles[str(player)].seen for player in players} == {8}
    assert {state.claimed_ms for state in read_play_states(store).values()} == {80}
    assert len(fetch(store, "SELECT 1 FROM client_sightings")) == 2 * len(players)


def test_batches_that_are_screened_out_of_order_are_all_learned(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.PROFILE)
    player = uuid4()
    batches = [accept(store, make_action(user_id=player)) for _ in range(3)]
    for batch_id in reversed(batches):
        screen(store, batch_id, policy=policy)
    assert read_profiles(store)[str(player)].seen == 3


def test_a_first_profile_that_another_batch_has_made_meanwhile_is_not_written_over(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = record(Signal.PROFILE)
    player = make_player(store).user_id
    first, second = (accept(store, make_action(user_id=player)) for _ in range(2))
    write = screening.write_profiles
    raced: list[UUID] = []

    def let_other_be_first(*args: Any, **arguments: Any) -> None:
        if not raced:
            raced.append(first)
            screen(store, first, policy=policy)
        write(*args, **arguments)

    monkeypatch.setattr(screening, "write_profiles", let_other_be_first)
    screen(store, second, policy=policy)
    assert read_profiles(store)[str(player)].seen == 2


def test_who_loses_every_race_leaves_the_batch_to_a_later_try(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any, **__: Any) -> None:
        raise DatabaseConflictError

    batch_id = accept(store, make_action())
    monkeypatch.setattr(screening, "write_profiles", lose)
    with pytest.raises(DatabaseConflictError):
        screen(store, batch_id, policy=record(Signal.PROFILE))
    assert fetch(store, "SELECT stage FROM action_batches") == [("accepted",)]


def test_a_profile_that_somebody_keeps_is_waited_for_so_long(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.PROFILE)
    player = uuid4()
    screen(store, accept(store, make_action(user_id=player)), policy=policy)
    batch_id = accept(store, make_action(user_id=player))
    with store.engine.begin() as keeping:
        keeping.execute(text("SELECT 1 FROM player_profiles FOR UPDATE"))
        with pytest.raises(DatabaseLockedError):
            screen(store, batch_id, policy=policy, lock_wait_ms=50)
    screen(store, batch_id, policy=policy)
    assert read_profiles(store)[str(player)].seen == 2


def test_a_play_session_is_shown_to_its_player_and_to_others_and_counts_its_own(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.PLAY_SESSION, Signal.CLIENT)
    owner, thief = make_player(store).user_id, make_player(store).user_id
    session_id = make_play_session(store, owner, ended_at=datetime.now(UTC) + timedelta(hours=1))
    phone, tablet = make_client(store), make_client(store)
    named = metadata(sessionId=str(session_id), duration=700.9)
    actions = [
        make_action(user_id=owner, client_no=phone, metadata=named),
        make_action(user_id=owner, client_no=tablet, metadata=named),
        make_action(user_id=thief, client_no=phone, metadata=named),
        make_action(user_id=thief, client_no=phone, metadata=metadata(sessionId="no uuid")),
    ]
    screen(store, accept(store, *actions), policy=policy)
    shown = recorder.seen[-1][1].sessions
    assert list(shown) == [str(session_id)]
    assert shown[str(session_id)].user_id == str(owner)
    assert shown[str(session_id)].ended_us is not None
    ((device,),) = fetch(store, "SELECT device FROM clients WHERE client_no = :no", no=tablet)
    name = str(session_id)
    assert read_play_states(store) == {name: PlayState(name, 1400, str(device), 1)}


def test_players_of_a_device_and_of_an_address_are_counted_each_once(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.SIGHTINGS, Signal.CLIENT)
    client_no = make_client(store)
    first, second = uuid4(), uuid4()
    for _ in range(2):
        screen(store, accept(store, make_action(user_id=first, client_no=client_no)), policy=policy)
    screen(
        store,
        accept(
            store,
            make_action(user_id=second, client_no=client_no),
            make_action(user_id=first, client_no=client_no),
        ),
        policy=policy,
    )
    candidate, seen = recorder.seen[-1]
    assert candidate.client is not None
    assert seen.users_by_subject == {candidate.client.device: 2, candidate.client.address: 2}
    rows = fetch(store, "SELECT subject, user_id FROM client_sightings")
    assert len(rows) == 4
    assert {row.user_id for row in rows} == {first, second}


def test_a_process_looks_for_a_stored_pair_once_and_counts_newcomers_at_once(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = record(Signal.SIGHTINGS, Signal.CLIENT)
    now = [0.0]
    known = KnownSightings(clock=lambda: now[0])
    client_no = make_client(store)
    first, second = uuid4(), uuid4()
    reads: list[frozenset[Signal]] = []
    read_signals = gathering.read_signals

    def note(*args: Any, needs: frozenset[Signal], **arguments: Any) -> Any:
        reads.append(needs & {Signal.SIGHTINGS})
        return read_signals(*args, needs=needs, **arguments)

    monkeypatch.setattr(gathering, "read_signals", note)

    def act(player: UUID) -> tuple[bool, set[int]]:
        batch_id = accept(store, make_action(user_id=player, client_no=client_no))
        screen(store, batch_id, policy=policy, sightings=known)
        return bool(reads[-1]), set(recorder.seen[-1][1].users_by_subject.values())

    assert [act(first) for _ in range(4)] == [(True, {1}), (True, {1}), (False, {1}), (False, {1})]
    assert act(second) == (True, {2})
    assert [act(second), act(second)] == [(True, {2}), (False, {2})]
    assert act(first) == (False, {2})
    execute(store, "INSERT INTO client_sightings SELECT device, gen_random_uuid() FROM clients")
    now[0] = FRESH_SECONDS
    assert act(first) == (True, {3, 2})
    assert len(fetch(store, "SELECT 1 FROM client_sightings")) == 5


def test_players_who_were_not_seen_for_a_week_are_seen_again_and_counted_once(
    store: Store, recorder: Recorder, record: Any
) -> None:
    policy = record(Signal.SIGHTINGS, Signal.CLIENT)
    client_no = make_client(store)
    players = [uuid4(), uuid4()]
    batch = [make_action(user_id=player, client_no=client_no) for player in players]
    screen(store, accept(store, *batch), policy=policy)
    seen = "SELECT user_id, seen_at > now() - interval '1 day' FROM client_sightings"
    for age in (SEEN_WITHIN - MINUTE, SEEN_WITHIN + MINUTE):
        execute(store, "UPDATE client_sightings SET seen_at = now() - :age", age=age)
        action = make_action(user_id=players[0], client_no=client_no)
        screen(store, accept(store, action), policy=policy)
        assert set(recorder.seen[-1][1].users_by_subject.values()) == {2}
        is_written = age > SEEN_WITHIN
        assert sorted(fetch(store, seen)) == sorted(
            [(players[0], is_written)] * 2 + [(players[1], False)] * 2
        )


def test_what_is_remembered_of_sightings_is_bounded() -> None:
    known = KnownSightings(limit=2)
    for name in "abc":
        known.learn([(name, "player")], new=[], counts={name: 1})
    assert known.list_unknown([(name, "player") for name in "abc"]) == [
        ("a", "player"),
        ("b", "player"),
    ]


def test_an_address_that_is_not_known_is_nobodys(
    store: Store, recorder: Recorder, record: Any
) -> None:
    client_no = make_client(store, address=UUID(int=0))
    action = make_action(client_no=client_no)
    screen(store, accept(store, action), policy=record(Signal.SIGHTINGS, Signal.CLIENT))
    candidate, seen = recorder.seen[-1]
    assert candidate.client is not None
    assert seen.users_by_subject == {candidate.client.device: 1}


def test_counting_players_ends_somewhere(
    store: Store, recorder: Recorder, record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_no = make_client(store)
    execute(
        store,
        "INSERT INTO client_sightings (subject, user_id)"
        " SELECT device, gen_random_uuid() FROM clients, generate_series(1, 500)",
    )
    action = make_action(client_no=client_no)
    screen(store, accept(store, action), policy=record(Signal.SIGHTINGS, Signal.CLIENT))
    candidate, seen = recorder.seen[-1]
    assert candidate.client is not None
    assert seen.users_by_subject[candidate.client.device] == signals.MOST_USERS + 1


@pytest.mark.parametrize("needs", [[], [Signal.PROFILE]])
def test_a_snoozed_check_is_known_whatever_is_read(
    store: Store, recorder: Recorder, record: Any, needs: list[Signal]
) -> None:
    player = make_player(store).user_id
    execute(
        store,
        "INSERT INTO player_profiles (user_id, profile, snoozed)"
        """ VALUES (:user_id, '', '{"velocity": 5}')""",
        user_id=player,
    )
    screen(store, accept(store, make_action(user_id=player)), policy=record(*needs))
    assert recorder.seen[-1][1].snoozed == {"velocity": 5}
    assert fetch(store, "SELECT snoozed FROM player_profiles") == [({"velocity": 5},)]


@pytest.mark.parametrize(
    "snoozed", ["[]", "[1]", "5", '"x"', '{"velocity": "x", "pace": null}', '{"velocity": 1e400}']
)
def test_a_snooze_that_is_not_understood_stops_no_batch(
    store: Store, recorder: Recorder, record: Any, snoozed: str
) -> None:
    player = make_player(store).user_id
    execute(
        store,
        "INSERT INTO player_profiles (user_id, profile, snoozed)"
        " VALUES (:user_id, '', CAST(:snoozed AS jsonb))",
        user_id=player,
        snoozed=snoozed,
    )
    screen(store, accept(store, make_action(user_id=player)), policy=record(Signal.PROFILE))
    assert recorder.seen[-1][1].snoozed == {}


def test_a_verdict_of_a_review_is_kept_and_not_learned(
    store: Store, recorder: Recorder, record: Any
) -> None:
    action, other = make_action(), make_action()
    batch_id = accept(store, action, other)
    execute(
        store,
        "UPDATE action_batches SET verdicts = jsonb_build_object(CAST(action_nos[1] AS text),"
        """ CAST('{"verdict": "reject", "reason": "REVIEW_REJECTED"}' AS jsonb))""",
    )
    outcome = screen(store, batch_id, policy=record(Signal.PROFILE))
    assert [screening.action_id for screening in outcome.screenings] == [str(other.action_id)]
    assert list(read_profiles(store)) == [str(other.user_id)]
    ((verdicts,),) = fetch(store, "SELECT verdicts FROM action_batches")
    assert [found["reason"] for found in verdicts.values()] == ["REVIEW_REJECTED"]


def test_every_check_of_the_table_runs_over_every_signal(store: Store) -> None:
    policy = decode_policy({"checks": {check.name: {} for check in CHECKS}})
    player = make_player(store).user_id
    session_id = make_play_session(store, player)
    actions = [
        make_action(
            user_id=player,
            client_no=make_client(store),
            metadata=metadata(sessionId=str(session_id), duration=1000),
        ),
        make_action(user_id=player, metadata=None),
        make_action(),
    ]
    outcome = screen(store, accept(store, *actions), policy=policy)
    assert len(outcome.screenings) == 3
    assert read_profiles(store)[str(player)].seen == 2
    assert set(read_profiles(store)) == {str(player), str(actions[2].user_id)}
    assert isinstance(read_profiles(store)[str(player)], Profile)
