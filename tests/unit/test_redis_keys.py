"""Every Redis key has the prefix, and no two boards share one."""

import inspect
from collections.abc import Iterator
from uuid import UUID

from domain.boards.model import BoardId
from domain.store.redis import keys

ONE, OTHER = BoardId("one"), BoardId("one-other")
ARGUMENTS = {
    "batch_id": UUID(int=1),
    "user_id": UUID(int=2),
    "reply_to": "r",
    "window_key": "w",
    "queue": "q",
    "ranking_no": 3,
    "span": 4,
    "walk_id": "w",
}


def list_keys(board: BoardId) -> Iterator[tuple[str, str]]:
    """Yield the name and the key of every function of the module."""
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        parameters = inspect.signature(function).parameters
        yield name, function(**{key: {**ARGUMENTS, "board": board}[key] for key in parameters})


def test_every_key_has_the_prefix_and_is_another() -> None:
    found = dict(list_keys(ONE))
    assert len(found) > 10
    assert all(key.startswith(keys.PREFIX) for key in found.values())
    assert len(set(found.values())) == len(found)


def test_two_boards_share_no_key() -> None:
    of_boards = {
        name
        for name, function in inspect.getmembers(keys, inspect.isfunction)
        if "board" in inspect.signature(function).parameters
    }
    one, other = dict(list_keys(ONE)), dict(list_keys(OTHER))
    assert {name for name in one if one[name] != other[name]} == of_boards
    assert not {one[name] for name in of_boards} & set(other.values())


def test_a_key_function_of_a_board_has_no_default_board() -> None:
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        for parameter in inspect.signature(function).parameters.values():
            assert parameter.default is inspect.Parameter.empty, name
