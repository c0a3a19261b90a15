"""Secrets at rest: read with the key of now and of before, with no other, and not when changed."""

import pytest

from domain.errors import SecretUnreadableError
from domain.step_up.cipher import SecretCipher, make_cipher
from tests.factories import JWT_SECRET, make_settings

OTHER = "another secret of at least 32 bytes"


def test_a_secret_comes_back_and_is_not_in_what_is_stored() -> None:
    cipher = make_cipher(make_settings())
    stored = cipher.encrypt(b"the secret", owner="a")
    assert cipher.decrypt(stored, owner="a") == b"the secret"
    assert b"the secret" not in stored
    assert cipher.encrypt(b"the secret", owner="a") != stored


def test_jwt_secret_counts_unless_there_is_a_key() -> None:
    stored = make_cipher(make_settings()).encrypt(b"x", owner="a")
    assert SecretCipher([JWT_SECRET]).decrypt(stored, owner="a") == b"x"
    with pytest.raises(SecretUnreadableError):
        make_cipher(make_settings(secrets_key=OTHER)).decrypt(stored, owner="a")


def test_the_key_of_before_still_decrypts_and_does_not_encrypt() -> None:
    stored = make_cipher(make_settings()).encrypt(b"x", owner="a")
    both = make_cipher(make_settings(secrets_key=OTHER, secrets_key_before=JWT_SECRET))
    assert both.decrypt(stored, owner="a") == b"x"
    with pytest.raises(SecretUnreadableError):
        make_cipher(make_settings()).decrypt(both.encrypt(b"x", owner="a"), owner="a")


def test_what_was_changed_is_not_read() -> None:
    cipher = make_cipher(make_settings())
    stored = cipher.encrypt(b"x", owner="a")
    for changed in (stored[:-1], b"", stored[:20] + bytes([stored[20] ^ 1]) + stored[21:]):
        with pytest.raises(SecretUnreadableError):
            cipher.decrypt(changed, owner="a")


def test_a_secret_is_of_its_owner_alone() -> None:
    cipher = make_cipher(make_settings())
    stored = cipher.encrypt(b"x", owner="key eu-1")
    for other in ("key eu-2", "key", "", "key eu-1\0x"):
        with pytest.raises(SecretUnreadableError):
            cipher.decrypt(stored, owner=other)
