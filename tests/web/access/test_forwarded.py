"""The client's address as proxies really send it."""

from itertools import count

import pytest
from structlog.testing import capture_logs

from web.access import forwarded
from web.access.addresses import find_limited_address

FORMS = [
    ("198.51.100.1", "198.51.100.1"),
    ("198.51.100.1:54321", "198.51.100.1"),
    ('"198.51.100.1"', "198.51.100.1"),
    ('"198.51.100.1:80"', "198.51.100.1"),
    (" 198.51.100.1 ", "198.51.100.1"),
    ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
    ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
    ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
    ('"[2001:db8:1:2::1]:443"', "2001:db8:1:2::/64"),
    ("::ffff:198.51.100.1", "198.51.100.1"),
    ("[::ffff:198.51.100.1]:80", "198.51.100.1"),
    ("fe80::1%eth0", "fe80::/64"),
]
RFC_7239 = [
    ("for=198.51.100.1", "198.51.100.1"),
    ("For=198.51.100.1;proto=https;by=203.0.113.43", "198.51.100.1"),
    ('proto=https;for="198.51.100.1:4711"', "198.51.100.1"),
    ('for="[2001:db8:1:2::1]:4711"', "2001:db8:1:2::/64"),
    ('for=9.9.9.9, for="198.51.100.1"', "198.51.100.1"),
    ('host="a,b;c";for=198.51.100.1', "198.51.100.1"),
    ('for=9.9.9.9;host="x, for=8.8.8.8" , for=198.51.100.1', "198.51.100.1"),
]
NO_ADDRESS = ["unknown", "_hidden", "nonsense", "1.2.3", "[::1", ":80", "example.org:80", '"', ","]
PEER = "203.0.113.7"


def find(hops: int = 1, **headers: str) -> str | None:
    """Return what the limit counts of a request with these headers."""
    return find_limited_address({"REMOTE_ADDR": PEER, **headers}, trusted_hops=hops)


@pytest.mark.parametrize(("entry", "expected"), FORMS)
def test_an_entry_counts_as_its_address(entry: str, expected: str) -> None:
    assert find(HTTP_X_FORWARDED_FOR=entry) == expected
    assert find(HTTP_X_FORWARDED_FOR=f"9.9.9.9, {entry}") == expected
    assert find(2, HTTP_X_FORWARDED_FOR=f"9.9.9.9, {entry},10.0.0.1:80") == expected
    assert find(0, HTTP_X_FORWARDED_FOR=entry) == PEER


@pytest.mark.parametrize(("header", "expected"), RFC_7239)
def test_the_standard_s_header_is_read_where_there_is_no_other(header: str, expected: str) -> None:
    assert find(HTTP_FORWARDED=header) == expected
    assert find(HTTP_FORWARDED=header, HTTP_X_FORWARDED_FOR="198.51.100.9") == "198.51.100.9"
    assert find(0, HTTP_FORWARDED=header) == PEER


def test_different_clients_behind_a_proxy_that_sends_ports_are_different() -> None:
    found = {find(HTTP_X_FORWARDED_FOR=f"198.51.101.{n}:5{n}123") for n in range(1, 9)}
    assert len(found) == 8


@pytest.mark.parametrize("entry", NO_ADDRESS)
def test_what_is_no_address_counts_as_the_peer_and_is_logged_once(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarded._Warnings, "next_at", 0.0)
    for headers in ({"HTTP_X_FORWARDED_FOR": entry}, {"HTTP_FORWARDED": f"for={entry}"}):
        with capture_logs() as logs:
            assert [find(**headers) for _ in range(3)] == [PEER] * 3
        assert len(logs) <= 1
        assert entry == "," or entry not in str(logs)
    assert find(HTTP_X_FORWARDED_FOR="") == PEER


def test_the_warning_comes_at_most_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarded._Warnings, "next_at", 0.0)
    seconds = count(1000, 1)
    with capture_logs() as logs:
        for _ in range(100):
            forwarded.warn_of_no_address(lambda: float(next(seconds)))
    assert 2 <= len(logs) <= 4
    assert logs[0]["event"] == "forwarded entry is not an address"
