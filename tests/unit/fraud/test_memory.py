"""Signals in memory are those that the store would give."""

from domain.clients.model import UNKNOWN_ADDRESS
from domain.fraud.trials.memory import Memory
from tests.unit.fraud.makers import make_candidate, make_client


def test_players_are_counted_on_a_device_and_an_address_but_not_on_an_unknown_one() -> None:
    memory = Memory({})
    nowhere = make_client(address=0)
    assert nowhere.address == str(UNKNOWN_ADDRESS)
    for user in ("one", "two"):
        unknown = memory.read(make_candidate(user_id=user, client=nowhere))
        known = memory.read(make_candidate(user_id=user, client=make_client(device=2)))
    assert unknown.users_by_subject == {nowhere.device: 2}
    assert sorted(known.users_by_subject.values()) == [2, 2]
