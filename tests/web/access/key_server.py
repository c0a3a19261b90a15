"""An identity provider for tests: keys of each kind, and an HTTP server that serves their set."""

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

WRITERS: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def make_private_key(algorithm: str, *, rsa_bits: int = 2048) -> Any:
    """Return a new private key for this algorithm."""
    if algorithm == "RS256":
        return generate_rsa(public_exponent=65537, key_size=rsa_bits)
    return (
        generate_private_key(SECP256R1()) if algorithm == "ES256" else Ed25519PrivateKey.generate()
    )


@dataclass
class Key:
    """A key of the provider."""

    algorithm: str
    key_id: str | None
    private: Any = None

    def __post_init__(self) -> None:
        self.private = self.private or make_private_key(self.algorithm)

    def entry(self, **overrides: Any) -> dict[str, Any]:
        """Return its entry in a key set; an override of `...` leaves a field out."""
        written = WRITERS[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        fields = {**written, "kid": self.key_id, "use": "sig", "alg": self.algorithm, **overrides}
        return {name: value for name, value in fields.items() if value not in (..., None)}

    def sign(self, *, headers: dict[str, Any] | None = None, **overrides: Any) -> str:
        """Return a token of a new player, signed by this key."""
        now = int(time.time())
        claims = {
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid4()),
            **overrides,
        }
        named = {"kid": self.key_id} if self.key_id else {}
        sound = {name: value for name, value in claims.items() if value is not ...}
        return jwt.encode(
            sound, self.private, algorithm=self.algorithm, headers={**named, **(headers or {})}
        )


def write_set(*keys: Key | dict[str, Any]) -> bytes:
    """Return the document of a key set."""
    return json.dumps(
        {"keys": [key.entry() if isinstance(key, Key) else key for key in keys]}
    ).encode()


KEYS = {name: Key(name, f"key-{name}") for name in WRITERS}
# Says that it is the provider's.
STRANGER = Key("RS256", "key-RS256")


def resigned(header: dict[str, Any], key: Key = KEYS["RS256"], **claims: Any) -> str:
    """Return a token of this key under a header that names something else."""
    return key.sign(headers=header, **claims)


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class KeyServer:
    """Serves `body` with `status` at `url` while `gate` is open; counts what is asked."""

    body: bytes = b'{"keys": []}'
    status: int = 200
    location: str | None = None
    delay_seconds: float = 0.0
    asked: int = 0
    gate: threading.Event = field(default_factory=threading.Event, repr=False)
    _server: ThreadingHTTPServer | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        provider = self
        self.gate.set()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                time.sleep(provider.delay_seconds)
                provider.gate.wait(4)
                self.send_response(provider.status)
                if provider.location:
                    self.send_header("Location", provider.location)
                self.send_header("Content-Length", str(len(provider.body)))
                self.end_headers()
                self.wfile.write(provider.body)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the key set."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/jwks.json"

    def stop(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
