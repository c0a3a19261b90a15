"""Describing: what of a request makes its client."""

import pytest

from domain.clients.describing import SeenClient, describe_client
from domain.clients.hashing import ClientHasher
from domain.clients.locating import Locator
from domain.clients.model import UNKNOWN_ADDRESS, ClientFacts, Place

BROWSER = ("Browser/1.0", "de")


def describe(
    traits: tuple[str, ...] = BROWSER,
    name: str = "",
    address: str = "203.0.113.7",
    country: str | None = None,
    is_peer: bool = True,
) -> ClientFacts:
    seen = SeenClient(traits, name, address, country, is_peer)
    return describe_client(seen, hasher=ClientHasher(b"k" * 32), locator=Locator())


def test_a_device_is_its_headers_and_an_address_is_no_part_of_it() -> None:
    assert describe() == describe()
    assert describe(traits=("Browser/1.1", "de")).device != describe().device
    elsewhere = describe(address="203.0.113.8")
    assert (elsewhere.device, elsewhere.address) != (describe().device, describe().address)
    assert elsewhere.device == describe().device
    assert not describe().names_device


def test_a_named_device_is_its_name_whatever_its_headers() -> None:
    named = describe(name="device-17")
    assert named.names_device
    assert describe(name="device-17", traits=("Other",)).device == named.device
    assert describe(name="device-18").device != named.device


@pytest.mark.parametrize("name", ["x" * 129, "a\tb", "é", "\x7f", ""])
def test_a_name_that_is_too_long_or_not_printable_is_none(name: str) -> None:
    assert describe(name=name) == describe()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "", "unknown", "::"])
def test_an_address_that_tells_nobody_apart_is_unknown(address: str) -> None:
    assert describe(address=address, is_peer=False).address == UNKNOWN_ADDRESS
    assert describe(address=address).address == UNKNOWN_ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "100.64.0.1",
        "fd00::1",
        "fe80::1",
    ],
)
def test_a_private_address_counts_only_when_a_trusted_proxy_has_told_it(address: str) -> None:
    assert describe(address=address).address == UNKNOWN_ADDRESS
    assert describe(address=address, is_peer=False).address != UNKNOWN_ADDRESS


@pytest.mark.parametrize("address", ["172.15.0.1", "172.32.0.1", "100.128.0.1", "2001:db8::1"])
def test_other_addresses_count_in_any_case(address: str) -> None:
    assert describe(address=address).address == describe(address=address, is_peer=False).address
    assert describe(address=address).address != UNKNOWN_ADDRESS


def test_a_country_that_was_told_is_the_place() -> None:
    assert describe(country="FR").place == Place("FR")
