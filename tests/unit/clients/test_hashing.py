"""Hashing: devices and addresses have hashes that nobody without the key can make."""

from uuid import UUID

import pytest

from domain.clients.hashing import ClientHasher, make_hasher, parse_address
from domain.clients.model import UNKNOWN_ADDRESS

HASHER = ClientHasher(b"k" * 32)


def hash_text(text: str) -> UUID:
    return HASHER.hash_address(parse_address(text))


def test_all_addresses_of_one_64_are_one_and_the_next_is_another() -> None:
    first = hash_text("2001:db8:1:2::1")
    assert hash_text("2001:db8:1:2:ffff:ffff:ffff:ffff") == first
    assert hash_text("2001:DB8:1:2:0::7%eth0") == first
    assert hash_text("2001:db8:1:3::1") != first


def test_a_mapped_address_is_its_ipv4_address() -> None:
    assert hash_text("::ffff:203.0.113.7") == hash_text("203.0.113.7")
    assert hash_text("203.0.113.7") != hash_text("203.0.113.8")


@pytest.mark.parametrize("text", ["", "unknown", "203.0.113.7:80", "203.0.113", "x" * 5000])
def test_what_is_no_address_is_the_unknown_one(text: str) -> None:
    assert hash_text(text) == UNKNOWN_ADDRESS


def test_traits_are_hashed_each_for_itself_and_in_their_order() -> None:
    assert (
        len({HASHER.hash_device(traits) for traits in (("a", "bc"), ("ab", "c"), ("bc", "a"))}) == 3
    )
    assert HASHER.hash_device(("a", "bc")) == HASHER.hash_device(["a", "bc"])


def test_a_name_never_has_the_hash_of_headers_or_of_an_address() -> None:
    text = "203.0.113.7"
    hashes = {HASHER.hash_named_device(text), HASHER.hash_device((text,)), hash_text(text)}
    assert len(hashes) == 3


@pytest.mark.parametrize("text", ["\x00", "é", "\udcff", "\U0001f600"])
def test_any_text_can_be_hashed(text: str) -> None:
    assert HASHER.hash_device((text,)) != HASHER.hash_device(("",))


def test_another_key_makes_other_hashes_and_the_key_is_not_shown() -> None:
    derived = make_hasher(client_hash_key="", jwt_secret="s" * 32)
    again = make_hasher(client_hash_key="", jwt_secret="s" * 32)
    own = make_hasher(client_hash_key="a key of its own", jwt_secret="s" * 32)
    assert derived.hash_device(("a",)) == again.hash_device(("a",))
    assert derived.hash_device(("a",)) != own.hash_device(("a",))
    # A leaked hash or key must not lead to what signs tokens.
    assert derived.key != b"s" * 32
    assert "sss" not in repr(derived)
