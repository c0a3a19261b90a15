"""One-time codes: those of RFC 6238, and for how long they hold."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.step_up.codes import (
    MAX_WRONG_CODES,
    STEP_SECONDS,
    WRONG_CODES_FOR,
    find_step,
    find_wait_seconds,
    is_code,
    make_code,
    make_secret,
    make_uri,
    write_secret,
)

# RFC 6238, appendix B, SHA-1: there with eight digits, of which ours are the last six.
SECRET = b"12345678901234567890"
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(("second", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(second: int, code: str) -> None:
    step = second // STEP_SECONDS
    assert make_code(SECRET, step=step) == code[-6:]
    assert find_step(SECRET, code[-6:], now=at(second)) == step


@given(step=st.integers(2, 2**32), late=st.integers(-4, 4))
def test_a_code_holds_one_step_longer_on_both_sides(step: int, late: int) -> None:
    now = at(max(0, (step + late) * STEP_SECONDS))
    found = find_step(SECRET, make_code(SECRET, step=step), now=now)
    if abs(late) <= 1:
        # By chance two steps may share a code.
        assert found is not None
        assert abs(found - (step + late)) <= 1
    else:
        near = {make_code(SECRET, step=max(0, step + late + drift)) for drift in (-1, 0, 1)}
        assert (found is not None) == (make_code(SECRET, step=step) in near)


def test_the_beginning_of_time_has_codes() -> None:
    assert find_step(SECRET, make_code(SECRET, step=0), now=at(0)) == 0


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "12345a", "１２３４５６", " 12345", "123456\n"]
)
def test_only_six_digits_are_a_code(text: str) -> None:
    assert not is_code(text)


def test_an_app_reads_the_address() -> None:
    secret = make_secret()
    address = urlsplit(make_uri(secret, username="Ännä & Co:x"))
    query = parse_qs(address.query)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert query["secret"] == [write_secret(secret)]
    assert query["issuer"] == ["Laurel"]
    assert len(secret) == 20
    assert "=" not in write_secret(secret)


def test_no_code_is_looked_at_after_too_many_wrong_ones() -> None:
    since = at(1_000_000)

    def wait(wrong: int, seconds: float) -> int:
        now = since + timedelta(seconds=seconds)
        return find_wait_seconds(wrong_codes=wrong, wrong_since=since, now=now)

    assert find_wait_seconds(wrong_codes=0, wrong_since=None, now=since) == 0
    assert wait(MAX_WRONG_CODES - 1, 0) == 0
    assert wait(MAX_WRONG_CODES, 0) == 300
    assert wait(MAX_WRONG_CODES, 299.5) == 1
    assert wait(MAX_WRONG_CODES, WRONG_CODES_FOR.total_seconds()) == 0
