"""Secrets at rest: encrypted with a key that is not in the database.

Used for the keys of game servers and players' second factors. Fernet also authenticates, and whose
secret it is goes with it: who may only write to the database can neither plant a secret nor move
one.
"""

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import SecretUnreadableError
from domain.settings import Settings

KEY_BYTES = 32
PURPOSE = b"secrets of laurel at rest, 1"


class SecretCipher:
    """Encrypts with the key made of the first text, and decrypts with that of any."""

    def __init__(self, texts: Sequence[str]):
        self._fernet = MultiFernet([Fernet(_derive(text)) for text in texts])

    def encrypt(self, secret: bytes, *, owner: str) -> bytes:
        """Return what is stored of the secret; `owner` says what it is, and whose."""
        return self._fernet.encrypt(_begin(owner) + secret)

    def decrypt(self, stored: bytes, *, owner: str) -> bytes:
        """Return the secret.

        Raises SecretUnreadableError when it was encrypted with another key or for another owner, or
        was changed.
        """
        try:
            secret = self._fernet.decrypt(stored)
        except InvalidToken as error:
            raise SecretUnreadableError from error
        if not secret.startswith(_begin(owner)):
            raise SecretUnreadableError
        return secret.removeprefix(_begin(owner))


def make_cipher(settings: Settings) -> SecretCipher:
    """Return the cipher of SECRETS_KEY, else of JWT_SECRET; SECRETS_KEY_BEFORE decrypts too."""
    texts = (settings.secrets_key or settings.jwt_secret, settings.secrets_key_before)
    return SecretCipher([text for text in texts if text])


def _begin(owner: str) -> bytes:
    """Return what stands before an owner's secret: no owner's is how another's begins."""
    return owner.encode() + b"\0"


def _derive(text: str) -> bytes:
    # JWT_SECRET signs tokens: what encrypts must be another key, made of it for this alone.
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return urlsafe_b64encode(derived.derive(text.encode()))
