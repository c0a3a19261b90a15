"""Whose password is hashed next, when very many want to log in at once."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from domain.errors import OverloadedError
from tests.waiting import wait_until
from web.access.turns import Turns


class Crowd:
    """Callers on threads of their own, all waiting while the one turn is held."""

    def __init__(self, turns: Turns):
        self.served: list[str] = []
        self.refused: list[str] = []
        self._turns = turns
        self._threads: list[threading.Thread] = []

    def add(self, address: str, name: str) -> None:
        """Let another caller wait, or be refused, before this returns."""
        before = self._turns.waiting
        refused = len(self.refused)
        thread = threading.Thread(target=self._call, args=(address, name))
        self._threads.append(thread)
        thread.start()
        wait_until(lambda: self._turns.waiting > before or len(self.refused) > refused)

    def join(self) -> None:
        """Wait until each was served or refused."""
        for thread in self._threads:
            thread.join(10)

    def _call(self, address: str, name: str) -> None:
        try:
            with self._turns.take(address, name):
                self.served.append(f"{address}/{name}")
        except OverloadedError:
            self.refused.append(f"{address}/{name}")


@contextmanager
def held(turns: Turns) -> Iterator[Crowd]:
    """Hold the only turn while callers line up; serve them all at the end."""
    crowd = Crowd(turns)
    with turns.take("holder", "holder"):
        yield crowd
    crowd.join()


def test_addresses_take_turns_and_so_do_names() -> None:
    with held(Turns(at_once=1)) as crowd:
        for number in range(4):
            crowd.add("flood", f"new-{number}")
        crowd.add("flood", "new-0")
        crowd.add("honest", "ann")
        crowd.add("honest", "ann")
        crowd.add("honest", "bob")
        crowd.add("other", "eve")
    order = crowd.served
    assert order[:3] == ["flood/new-0", "honest/ann", "other/eve"]
    assert order[3:5] == ["flood/new-1", "honest/bob"]
    assert order[5:7] == ["flood/new-2", "honest/ann"]
    assert order[7:] == ["flood/new-3", "flood/new-0"]


def test_when_full_the_last_of_who_has_most_is_turned_away() -> None:
    with held(Turns(at_once=1, max_waiting=4)) as crowd:
        for number in range(4):
            crowd.add("flood", f"new-{number}")
        crowd.add("honest", "ann")
        wait_until(lambda: crowd.refused == ["flood/new-3"])
        crowd.add("flood", "new-4")
        wait_until(lambda: crowd.refused == ["flood/new-3", "flood/new-4"])
    assert sorted(crowd.served) == ["flood/new-0", "flood/new-1", "flood/new-2", "honest/ann"]


def test_one_name_does_not_keep_another_of_its_address_out() -> None:
    with held(Turns(at_once=1, max_waiting=3)) as crowd:
        for _ in range(3):
            crowd.add("shared", "guessed")
        crowd.add("shared", "ann")
        wait_until(lambda: crowd.refused == ["shared/guessed"])
    assert crowd.served[1] == "shared/ann"


def test_who_waits_too_long_is_turned_away_and_takes_no_turn() -> None:
    turns = Turns(at_once=1, max_wait_seconds=0.05)
    with turns.take("a", "a"), pytest.raises(OverloadedError), turns.take("b", "b"):
        raise AssertionError
    assert turns.waiting == 0
    for _ in range(3):
        with turns.take("c", "c"):
            pass


def test_a_turn_is_passed_on_after_an_error() -> None:
    turns = Turns(at_once=1)
    with pytest.raises(LookupError), turns.take("a", "a"):
        raise LookupError
    with turns.take("a", "a"):
        pass


def test_no_more_than_agreed_have_a_turn_at_once_and_none_is_lost() -> None:
    turns, running, most = Turns(at_once=2), Counter[str](), []

    def work(number: int) -> None:
        with turns.take(str(number % 5), str(number % 7)):
            running["now"] += 1
            most.append(running["now"])
            time.sleep(0.001)
            running["now"] -= 1

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(work, range(300)))
    assert (max(most), len(most), turns.waiting) == (2, 300, 0)
