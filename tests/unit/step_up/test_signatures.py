"""Signatures: only what was signed passes, for whom, where and when."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import SignatureInvalidError
from domain.step_up.model import Algorithm, SigningKey
from domain.step_up.signatures import (
    MAX_HEADER_CHARS,
    WINDOW_SECONDS,
    Signature,
    check_signature,
    make_signed_text,
    read_signature,
)

API_DOCS = Path(__file__).parents[3] / "docs" / "api.md"
NOW = 1_765_000_000
USER = UUID("0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823")
BODY = b'{"actionId":"550e8400-e29b-41d4-a716-446655440000","score":900}'
SECRET = b"s" * 32
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
HMAC_KEY = SigningKey("eu-1", Algorithm.HMAC_SHA256, SECRET)
ED_KEY = SigningKey("eu-2", Algorithm.ED25519, PRIVATE.public_key().public_bytes_raw())
GOOD = {
    "timestamp": NOW,
    "method": "POST",
    "path": "/api/actions/complete",
    "user_id": USER,
    "body": BODY,
}
BOTH = pytest.mark.parametrize("key", [HMAC_KEY, ED_KEY], ids=lambda key: key.algorithm)


def sign(key: SigningKey, signed: bytes) -> bytes:
    if key.algorithm is Algorithm.ED25519:
        return PRIVATE.sign(signed)
    return digest(SECRET, signed, "sha256")


def is_taken(key: SigningKey | None, value: bytes, *, now: float = NOW, **changes: object) -> bool:
    facts = {**GOOD, **changes}
    signature = Signature("eu-1", facts["timestamp"], value)
    try:
        check_signature(signature, key=key, signed=make_signed_text(**facts), now=now)
    except SignatureInvalidError:
        return False
    return True


def test_the_signed_text_is_the_documented_one() -> None:
    assert make_signed_text(**GOOD).decode().split("\n") == [
        "laurel-v1",
        str(NOW),
        "POST",
        "/api/actions/complete",
        "0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823",
        sha256(BODY).hexdigest(),
    ]


def test_the_documented_example_verifies() -> None:
    section = API_DOCS.read_text().split("\n## Actions of high value\n")[1]
    header = re.search(r"^X-Laurel-Signature: (.+)$", section, re.MULTILINE)
    text = re.search(r"^laurel-v1\n.*?(?=\n```)", section, re.MULTILINE | re.DOTALL)
    body = re.search(r"^`(\{.+\})`", section, re.MULTILINE)
    secret = re.search(r"secret `([^`]+)`", section)
    assert header is not None
    assert text is not None
    assert body is not None
    assert secret is not None
    signature = read_signature(header[1])
    signed = make_signed_text(**{**GOOD, "body": body[1].encode()})
    assert signed.decode() == text[0]
    key = SigningKey("eu-1", Algorithm.HMAC_SHA256, b64decode(secret[1]))
    check_signature(signature, key=key, signed=signed, now=NOW)


@BOTH
def test_what_was_signed_passes_and_nothing_else(key: SigningKey) -> None:
    value = sign(key, make_signed_text(**GOOD))
    assert is_taken(key, value)
    assert not is_taken(None, value)
    assert not is_taken(key, value[:-1])
    assert not is_taken(key, b"")
    assert not is_taken(key, value, path="/api/actions/batch")
    assert not is_taken(key, value, method="PUT")
    other = HMAC_KEY if key is ED_KEY else ED_KEY
    assert not is_taken(other, value)
    assert not is_taken(SigningKey("eu-1", Algorithm.HMAC_SHA256, b"t" * 32), value)


@BOTH
@given(bit=st.integers(0), part=st.sampled_from(["timestamp", "user_id", "body", "signature"]))
def test_any_flipped_bit_is_refused(key: SigningKey, bit: int, part: str) -> None:
    value = sign(key, make_signed_text(**GOOD))

    def flip(raw: bytes) -> bytes:
        number = int.from_bytes(raw, "big") ^ (1 << bit % (8 * len(raw)))
        return number.to_bytes(len(raw), "big")

    if part == "signature":
        assert not is_taken(key, flip(value))
    elif part == "timestamp":
        # Within the window, so that it is the text that refuses it.
        changed = NOW ^ (1 << bit % 8)
        assert not is_taken(key, value, timestamp=changed, now=changed)
    elif part == "user_id":
        assert not is_taken(key, value, user_id=UUID(bytes=flip(USER.bytes)))
    else:
        assert not is_taken(key, value, body=flip(BODY))


@given(key=st.binary(min_size=32, max_size=32))
def test_another_key_is_refused(key: bytes) -> None:
    value = sign(HMAC_KEY, make_signed_text(**GOOD))
    assert is_taken(SigningKey("k", Algorithm.HMAC_SHA256, key), value) == (key == SECRET)


@BOTH
@pytest.mark.parametrize(
    ("seconds", "passes"),
    [
        (WINDOW_SECONDS, True),
        (-WINDOW_SECONDS, True),
        (WINDOW_SECONDS + 1, False),
        (-WINDOW_SECONDS - 1, False),
    ],
)
def test_a_signature_has_its_time(key: SigningKey, seconds: int, passes: bool) -> None:
    assert is_taken(key, sign(key, make_signed_text(**GOOD)), now=NOW + seconds) == passes


def test_the_header_is_read_in_any_order() -> None:
    value = b64encode(b"x" * 32).decode()
    for header in (
        f"keyId=eu-1,timestamp={NOW},signature={value}",
        f"signature={value}, keyId=eu-1 , timestamp={NOW}",
    ):
        assert read_signature(header) == ("eu-1", NOW, b"x" * 32)


VALUE = b64encode(b"x" * 32).decode()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        VALUE,
        f"keyId=eu-1,timestamp={NOW}",
        f"keyId=eu-1,timestamp={NOW},signature={VALUE},signature={VALUE}",
        f"keyId=eu-1,keyId=eu-2,signature={VALUE}",
        f"keyId=eu-1,timestamp={NOW},signature={VALUE},algorithm=none",
        f"keyid=eu-1,timestamp={NOW},signature={VALUE}",
        f"keyId=,timestamp={NOW},signature={VALUE}",
        f"keyId=a b,timestamp={NOW},signature={VALUE}",
        f"keyId={'k' * 65},timestamp={NOW},signature={VALUE}",
        f"keyId=eu-1,timestamp=,signature={VALUE}",
        f"keyId=eu-1,timestamp=0{NOW},signature={VALUE}",
        f"keyId=eu-1,timestamp=-{NOW},signature={VALUE}",
        f"keyId=eu-1,timestamp={NOW}.5,signature={VALUE}",
        f"keyId=eu-1,timestamp=²,signature={VALUE}",
        f"keyId=eu-1,timestamp={'9' * 13},signature={VALUE}",
        f"keyId=eu-1,timestamp={NOW},signature={VALUE[:-1]}",
        f"keyId=eu-1,timestamp={NOW},signature=!{VALUE}",
        f"keyId=eu-1,timestamp={NOW},signature=é",
        f"keyId=eu-1,timestamp={NOW},signature={VALUE * (MAX_HEADER_CHARS // len(VALUE))}",
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    with pytest.raises(SignatureInvalidError):
        read_signature(header)


@given(st.text())
def test_no_header_breaks_the_reader(header: str) -> None:
    with pytest.raises(SignatureInvalidError):
        read_signature(header)
