"""Answers are split from the bytes of a connection once they are complete."""

import pytest

from rig.http_messages import split_answer
from tests.rig.server import OK


@pytest.mark.parametrize(
    ("buffer", "answer"),
    [
        (OK, (200, b"ok", b"")),
        (OK + b"HTTP", (200, b"ok", b"HTTP")),
        (b"HTTP/1.1 503 No\r\nContent-Length: 3\r\nA: b\r\n\r\nabc", (503, b"abc", b"")),
        (b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", (204, b"", b"")),
        (OK[:-1], None),
        (OK[:20], None),
    ],
)
def test_an_answer_is_split_off_once_it_is_complete(
    buffer: bytes, answer: tuple[int, bytes, bytes] | None
) -> None:
    assert split_answer(buffer) == answer
