"""Key sets of identity providers (JWKS, RFC 7517): fetching one, and the keys that it has.

Called by `web/access/key_set.py`. Each key is bound to one algorithm by its kind, so that no token
can choose how a key is used.
"""

import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

import orjson
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK, PyJWTError

logger = structlog.get_logger(__name__)

FETCH_TIMEOUT_SECONDS = 5.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 64
MAX_KEY_ID_CHARS = 256
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
URL_SCHEMES = ("http://", "https://")
# Of the kind of a key and its curve.
ALGORITHM_BY_KIND: dict[tuple[Any, Any], str] = {
    ("RSA", None): "RS256",
    ("EC", "P-256"): "ES256",
    ("OKP", "Ed25519"): "EdDSA",
}
ALGORITHMS = frozenset(ALGORITHM_BY_KIND.values())

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class KeySetError(Exception):
    """The key set cannot be read, or is none."""


# What the parts of an entry that is no usable key may raise.
_BAD_KEY = (KeySetError, PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, LookupError)


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key for one algorithm; `fingerprint` tells whether two are the same."""

    key_id: str | None
    algorithm: str
    key: PublicKey
    fingerprint: bytes


def is_url(source: str) -> bool:
    """Return whether the source of a key set is an address, and not a path."""
    return source.lower().startswith(URL_SCHEMES)


def load_key_set(source: str) -> tuple[VerificationKey, ...]:
    """Return the keys of a file or an address; blocks for some seconds. Raises KeySetError."""
    try:
        raw = _fetch(source) if is_url(source) else _read_file(Path(source))
    except (OSError, HTTPException, ValueError) as error:
        # The text of an error may have the address, and that may have a password.
        raise KeySetError(f"cannot be read ({type(error).__name__})") from error
    if len(raw) > MAX_BYTES:
        raise KeySetError(f"has more than {MAX_BYTES} bytes")
    return parse_key_set(raw)


def parse_key_set(raw: bytes) -> tuple[VerificationKey, ...]:
    """Return the keys that may verify signatures; others are logged and left out.

    Raises KeySetError when this is no key set.
    """
    try:
        entries = orjson.loads(raw)["keys"]
    except (ValueError, TypeError, LookupError) as error:
        raise KeySetError("is no JSON object with keys") from error
    if type(entries) is not list or len(entries) > MAX_KEYS:
        raise KeySetError(f"has no list of at most {MAX_KEYS} keys")
    keys: dict[tuple[str | None, str], VerificationKey] = {}
    for entry in entries:
        try:
            key = _parse_key(entry)
        except _BAD_KEY as error:
            name = entry.get("kid") if isinstance(entry, dict) else None
            reason = str(error) if isinstance(error, KeySetError) else type(error).__name__
            logger.info("key of JWT_JWKS not used", key_id=str(name)[:64], reason=reason)
        else:
            # Keys without an id are told by what they are; of two with one id the first counts.
            keys.setdefault((key.key_id or key.fingerprint.hex(), key.algorithm), key)
    return tuple(keys.values())


def _parse_key(entry: Any) -> VerificationKey:
    if type(entry) is not dict:
        raise KeySetError("is no object")
    if "d" in entry or entry.get("kty") == "oct":
        raise KeySetError("is secret, and in a public place")
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        raise KeySetError("is not for signatures")
    algorithm = ALGORITHM_BY_KIND.get((entry.get("kty"), entry.get("crv")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        raise KeySetError(f"is not for {', '.join(sorted(ALGORITHMS))}")
    key_id = entry.get("kid")
    if key_id is not None and (type(key_id) is not str or len(key_id) > MAX_KEY_ID_CHARS):
        raise KeySetError("has a kid that is no short text")
    key: PublicKey = PyJWK(entry, algorithm).key
    if isinstance(key, RSAPublicKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise KeySetError(f"has {key.key_size} bits, not {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    fingerprint = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return VerificationKey(key_id, algorithm, key, fingerprint)


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _fetch(url: str) -> bytes:
    """Return up to MAX_BYTES + 1 of what the address answers with 200."""
    deadline = time.monotonic() + FETCH_TIMEOUT_SECONDS
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - see _OPENER
    with _OPENER.open(request, timeout=FETCH_TIMEOUT_SECONDS) as answer:
        body = b""
        while len(body) <= MAX_BYTES:
            if time.monotonic() > deadline:
                raise TimeoutError
            chunk: bytes = answer.read1(MAX_BYTES + 1 - len(body))
            if not chunk:
                break
            body += chunk
        return body


def _make_opener() -> OpenerDirector:
    """Return an opener for HTTP alone: no files, and no redirects, which may lead anywhere."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER = _make_opener()
