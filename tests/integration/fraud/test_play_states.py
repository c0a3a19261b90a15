"""What is counted of play sessions: the same wherever it is kept, batch after batch."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.model import NewAction
from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, NoSettings
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.fraud.model import PASSED, Finding
from domain.fraud.policy import Policy
from domain.fraud.signals import PlayState, Signal, Signals
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.integration.fraud.screened import (
    accept,
    execute,
    fetch,
    make_client,
    make_play_session,
    policy_of,
    read_play_states,
    screen,
)
from tests.waiting import wait_until

NAME = '"00000000-0000-0000-0000-000000000001"'
UNREADABLE = ["", "[]", "null", "5", '"abcd"', "[1,2,3,4]", '{"a":1}', f"[{NAME},1,null]"]
# What no column has room for, and a device that is none.
UNREADABLE += [f"[{NAME},{claimed},null,0]" for claimed in ("-1", "1e3", str(2**62), "true")]
UNREADABLE += [f"[{NAME},1,null,{switches}]" for switches in (-1, 40_000)]
UNREADABLE += [f'[{NAME},1,"a phone",0]', f"[{NAME},1,5,0]"]

WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

NEEDS = [frozenset({Signal.PLAY_SESSION, Signal.CLIENT, Signal.METADATA})]
NEEDS += [NEEDS[0] | {Signal.PROFILE}]


@dataclass
class StateRecorder:
    """A check that objects to nothing and records the state of each action's session."""

    seen: list[tuple[str, PlayState | None]] = field(default_factory=list)

    def run(self, action: Candidate, signals: Signals, _settings: NoSettings) -> Finding:
        """Record and pass."""
        session = signals.sessions.get(action.session_id or "")
        self.seen.append((action.action_id, session and session.state))
        return PASSED


@pytest.fixture(params=NEEDS, ids=["sessions alone", "profiles too"])
def recorded(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> tuple[StateRecorder, Policy]:
    """Return a recorder, and its policy."""
    recorder = StateRecorder()
    check = Check("recorder", 1, (), 100, recorder.run, NoSettings, request.param)
    known = {**CHECKS_BY_NAME, check.name: check}
    for module in ("policy", "judging", "shadowing"):
        monkeypatch.setattr(f"domain.fraud.{module}.CHECKS_BY_NAME", known)
    return recorder, policy_of(check)


@dataclass
class Game:
    """Players with two sessions each, two devices, and the plain rules of what is counted."""

    store: Store
    chance: Random
    players: list[UUID] = field(default_factory=list)
    owners: dict[str, UUID] = field(default_factory=dict)
    devices: dict[int, str] = field(default_factory=dict)
    states: dict[str, PlayState] = field(default_factory=dict)

    def begin(self) -> None:
        """Store the players, their sessions and the devices."""
        for _ in range(3):
            player = make_player(self.store).user_id
            self.players.append(player)
            for _ in range(2):
                name = str(make_play_session(self.store, player))
                self.owners[name] = player
                self.states[name] = PlayState(name, 0, None, 0)
        for _ in range(2):
            number = make_client(self.store)
            rows = fetch(self.store, "SELECT device FROM clients WHERE client_no = :n", n=number)
            self.devices[number] = str(rows[0][0])

    def act(self) -> tuple[NewAction, str]:
        """Return an action in a session, one in four of them in another player's."""
        player = self.chance.choice(self.players)
        own = [name for name, owner in self.owners.items() if owner == player]
        name = self.chance.choice(own if self.chance.random() < 0.75 else list(self.owners))
        details = {"sessionId": name, "duration": self.chance.randrange(1, 100)}
        action = make_action(
            user_id=player,
            client_no=self.chance.choice(list(self.devices)),
            metadata=json.dumps(details),
        )
        return action, name

    def follow(self, batch: list[tuple[NewAction, str]]) -> dict[str, PlayState]:
        """Return by action the state before it, of a batch that is judged player by player."""
        before = {}
        for player in dict.fromkeys(action.user_id for action, _ in batch):
            for action, name in batch:
                if action.user_id == player:
                    before[str(action.action_id)] = self.states[name]
                    if self.owners[name] == player:
                        self.states[name] = self.count(self.states[name], action)
        return before

    def count(self, state: PlayState, action: NewAction) -> PlayState:
        """Return the state after an action of the session's own player."""
        details: dict[str, Any] = json.loads(action.metadata or "")
        device = self.devices[action.client_no or 0]
        switches = state.switches + (state.last_device not in (None, device))
        return PlayState(state.session_id, state.claimed_ms + details["duration"], device, switches)


@pytest.mark.parametrize("seed", range(3))
def test_every_action_is_shown_what_was_counted_before_it(
    store: Store, recorded: tuple[StateRecorder, Policy], seed: int
) -> None:
    recorder, policy = recorded
    game = Game(store, Random(seed))
    game.begin()
    for _ in range(25):
        batch = [game.act() for _ in range(game.chance.randrange(1, 5))]
        recorder.seen.clear()
        screen(store, accept(store, *(action for action, _ in batch)), policy=policy)
        assert dict(recorder.seen) == game.follow(batch)
        assert read_play_states(store) == game.states


def test_a_player_who_stays_in_a_session_writes_no_row_of_it(
    store: Store, recorded: tuple[StateRecorder, Policy]
) -> None:
    _, policy = recorded
    player = make_player(store).user_id
    first, second = (make_play_session(store, player) for _ in "ab")

    def play(session_id: UUID) -> list[int]:
        details = json.dumps({"sessionId": str(session_id), "duration": 5})
        screen(store, accept(store, make_action(user_id=player, metadata=details)), policy=policy)
        rows = fetch(store, "SELECT session_id, claimed_ms FROM play_sessions")
        claimed = {row.session_id: row.claimed_ms for row in rows}
        return [claimed[first], claimed[second]]

    assert [play(first), play(first), play(second)] == [[0, 0], [0, 0], [10, 0]]
    assert [play(second), play(first), play(second)] == [[10, 0], [10, 10], [15, 10]]


def test_what_another_batch_has_moved_meanwhile_is_counted_on(
    store: Store, recorded: tuple[StateRecorder, Policy]
) -> None:
    recorder, policy = recorded
    player = make_player(store).user_id
    first, second = (make_play_session(store, player) for _ in "ab")

    def play(duration: int) -> UUID:
        details = json.dumps({"sessionId": str(first), "duration": duration})
        return accept(store, make_action(user_id=player, metadata=details))

    screen(store, play(5), policy=policy)
    batch_id = play(7)
    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            # As a batch does whose action is of the second session.
            connection.execute(
                text("UPDATE player_profiles SET play_session = :state"),
                {"state": PlayState(str(second), 3, None, 0).encode()},
            )
            connection.execute(
                text("UPDATE play_sessions SET claimed_ms = 5 WHERE session_id = :first"),
                {"first": first},
            )
            screening = pool.submit(screen, store, batch_id, policy=policy)
            wait_until(lambda: bool(fetch(store, WAITING)))
        screening.result()
    assert recorder.seen[-1][1] == PlayState(str(first), 5, None, 0)
    counted = {name: state.claimed_ms for name, state in read_play_states(store).items()}
    assert counted == {str(first): 12, str(second): 3}


@pytest.mark.parametrize("unreadable", UNREADABLE)
def test_a_state_that_is_not_understood_is_as_if_there_was_none(
    store: Store, recorded: tuple[StateRecorder, Policy], unreadable: str
) -> None:
    recorder, policy = recorded
    player = make_player(store).user_id
    session_id = make_play_session(store, player)
    details = json.dumps({"sessionId": str(session_id), "duration": 5})
    execute(store, "UPDATE play_sessions SET claimed_ms = 7")
    execute(
        store,
        "INSERT INTO player_profiles (user_id, profile, play_session) VALUES (:id, '', :text)",
        id=player,
        text=unreadable,
    )
    screen(store, accept(store, make_action(user_id=player, metadata=details)), policy=policy)
    assert recorder.seen[-1][1] == PlayState(str(session_id), 7, None, 0)
    assert read_play_states(store)[str(session_id)].claimed_ms == 12
