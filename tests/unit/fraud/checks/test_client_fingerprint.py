"""Client fingerprint: families are fine, farms are not, and a new phone is hardly anything."""

from typing import Any

import pytest

from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import (
    SESSION,
    find,
    make_candidate,
    make_client,
    make_session,
    passes,
    play,
)

CHECK = "client_fingerprint"


def play_devices(*devices: int, every_seconds: float = 60) -> Signals:
    return play(
        Profile(),
        *(
            make_candidate(at_seconds=every_seconds * number, client=make_client(device))
            for number, device in enumerate(devices)
        ),
    )


def find_crowd(players: int, **client: Any) -> float:
    known = make_client(**client)
    signals = Signals(users_by_subject={known.device: players})
    return find(CHECK, make_candidate(client=known), signals).score


def test_without_a_client_nothing_is_said() -> None:
    assert passes(CHECK, make_candidate(), play_devices(1, 2, 1, 2, 1, 2))


@pytest.mark.parametrize(("players", "score"), [(1, 0), (3, 0), (4, 0.5), (5, 1), (100, 1)])
def test_a_device_that_names_itself_is_of_a_family_at_most(players: int, score: float) -> None:
    assert find_crowd(players) == score


@pytest.mark.parametrize(("players", "score"), [(100, 0), (200, 0), (201, 0.2), (10_000, 0.2)])
def test_devices_that_look_alike_say_little(players: int, score: float) -> None:
    assert find_crowd(players, names_device=False) == score


def test_a_player_s_first_device_is_not_new() -> None:
    assert passes(CHECK, make_candidate(client=make_client()))
    assert passes(CHECK, make_candidate(client=make_client(2)), play_devices(1, 1, 1, 1))


def test_a_new_device_of_a_known_player_is_weak() -> None:
    found = find(
        CHECK, make_candidate(at_seconds=9000, client=make_client(2)), play_devices(*[1] * 5)
    )
    assert (found.score, found.reason, found.seen) == (0.15, "UNUSUAL_CLIENT", "a new device")


def test_an_older_device_of_the_player_is_known() -> None:
    assert passes(CHECK, make_candidate(client=make_client(1)), play_devices(1, 1, 1, 2, 2, 2, 2))


def test_two_devices_that_take_turns_are_found_at_the_fourth_action() -> None:
    assert passes(CHECK, make_candidate(client=make_client(1)), play_devices(1, 2, 1))
    found = find(CHECK, make_candidate(client=make_client(1)), play_devices(1, 2, 1, 2))
    assert found.seen == "devices take turns"
    assert found.score > 0.7
    assert (
        find(CHECK, make_candidate(client=make_client(1)), play_devices(*[1, 2] * 4)).score == 1.0
    )


def test_devices_in_use_on_different_days_take_no_turns() -> None:
    signals = play_devices(*[1, 2] * 6, every_seconds=86_400)
    assert passes(CHECK, make_candidate(client=make_client(1)), signals)


def test_a_device_that_changes_in_a_session_counts_half() -> None:
    signals = Signals(sessions={SESSION: make_session(last_device=make_client(1).device)})
    same, other = (
        make_candidate(client=make_client(device), session_id=SESSION) for device in (1, 2)
    )
    assert passes(CHECK, same, signals)
    assert find(CHECK, other, signals).score == 0.5
