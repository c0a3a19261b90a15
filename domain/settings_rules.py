"""The rules for settings, alone and together: a start is refused with every reason at once.

Called by `domain/settings.py` only.
"""

import math
from base64 import b64decode
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from domain.settings import Settings

ENVIRONMENTS = ("production", "development", "test")
MIN_SECRET_BYTES = 32
AUDIT_KEY_BYTES = 32
# Of the two passwords that people make up; METRICS_TOKEN and that of Flower.
MIN_PASSWORD_CHARS = 12
# Shannon entropy of the secret's bytes; 32 hex digits of a real random source have about 3.6.
MIN_SECRET_ENTROPY_BITS = 3.0
WELL_KNOWN_SECRET_PARTS = ("your-secret", "changeme", "change-me", "secretsecret", "password")
WELL_KNOWN_DATABASE_PASSWORDS = ("postgres", "password", "pass", "laurel", "admin", "secret")
POSTGRESQL_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")
REDIS_SCHEMES = ("redis", "rediss", "unix")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def find_problems(settings: "Settings") -> list[str]:
    """Return one line for each variable that is wrong, alone or together with others."""
    problems = []
    if settings.laurel_env not in ENVIRONMENTS:
        problems.append(f"LAUREL_ENV: is not one of {', '.join(ENVIRONMENTS)}")
    if _split(settings.database_url).scheme not in POSTGRESQL_SCHEMES:
        problems.append("DATABASE_URL: is not set to a postgresql:// address")
    if _split(settings.redis_url).scheme not in REDIS_SCHEMES:
        problems.append("REDIS_URL: is not a redis:// address")
    if settings.log_level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL: is not one of {', '.join(LOG_LEVELS)}")
    if not settings.jwt_secret:
        problems.append("JWT_SECRET: is not set")
    elif settings.is_production and (weakness := _find_secret_weakness(settings.jwt_secret)):
        problems.append(f"JWT_SECRET: {weakness}")
    problems += _find_audit_key_problems(settings.audit_signing_key)
    problems += _find_key_set_problems(settings)
    problems += _find_origin_problems(settings)
    if settings.is_production:
        problems += _find_production_problems(settings)
    return problems


def _find_secret_weakness(secret: str) -> str | None:
    raw = secret.encode()
    if len(raw) < MIN_SECRET_BYTES:
        return f"has fewer than {MIN_SECRET_BYTES} bytes"
    if any(part in secret.lower() for part in WELL_KNOWN_SECRET_PARTS):
        return "is a well-known example value"
    shares = [count / len(raw) for count in Counter(raw).values()]
    if -sum(share * math.log2(share) for share in shares) < MIN_SECRET_ENTROPY_BITS:
        return "is too regular to be random"
    return None


def _find_audit_key_problems(value: str) -> list[str]:
    try:
        is_key = not value or len(b64decode(value, validate=True)) == AUDIT_KEY_BYTES
    except ValueError:
        is_key = False
    # Whether there is such a file, and of a key, is found where it is used.
    if is_key or "/" in value or value.endswith(".pem"):
        return []
    return ["AUDIT_SIGNING_KEY: is neither 32 bytes in base64 nor a path"]


def _find_key_set_problems(settings: "Settings") -> list[str]:
    if not settings.jwt_jwks:
        return []
    address = _split(settings.jwt_jwks)
    problems = []
    if "://" in settings.jwt_jwks and (
        address.scheme not in ("http", "https") or not address.hostname
    ):
        problems.append("JWT_JWKS: is not a path, nor an http:// or https:// address")
    if not settings.is_production:
        return problems
    if address.scheme == "http" and address.hostname not in LOOPBACK:
        # Who can change the answer on its way can make tokens of anybody.
        problems.append("JWT_JWKS: is fetched without TLS from another machine")
    # A provider serves other applications too, and their tokens are not for us.
    problems += [
        f"{name}: is not set, and JWT_JWKS is"
        for name, value in (
            ("JWT_ISSUER", settings.jwt_issuer),
            ("JWT_AUDIENCE", settings.jwt_audience),
        )
        if not value
    ]
    return problems


def _find_origin_problems(settings: "Settings") -> list[str]:
    problems = []
    for origin in settings.allowed_origins:
        parts = _split(origin)
        if origin == "*":
            if settings.is_production:
                problems.append("ALLOWED_ORIGINS: `*` is not allowed in production")
        elif parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            problems.append(f"ALLOWED_ORIGINS: {origin!r} is not scheme://host[:port]")
    return problems


def _find_production_problems(settings: "Settings") -> list[str]:
    problems = []
    if settings.debug:
        problems.append("DEBUG: is on in production")
    if _split(settings.database_url).password in WELL_KNOWN_DATABASE_PASSWORDS:
        problems.append("DATABASE_URL: has a well-known password")
    if settings.secrets_key and (weakness := _find_secret_weakness(settings.secrets_key)):
        problems.append(f"SECRETS_KEY: {weakness}")
    return problems + _find_open_doors(settings)


def _find_open_doors(settings: "Settings") -> list[str]:
    """Return what would let strangers read metrics or use Flower.

    No address makes these needless: behind a proxy on this machine strangers come from loopback.
    """
    problems = []
    if not settings.metrics_token:
        problems.append("METRICS_TOKEN: is not set: it protects /metrics in production")
    elif len(settings.metrics_token) < MIN_PASSWORD_CHARS:
        problems.append(f"METRICS_TOKEN: has fewer than {MIN_PASSWORD_CHARS} characters")
    if not settings.flower_basic_auth:
        problems.append("FLOWER_BASIC_AUTH: is not set: it protects Flower in production")
        return problems
    for login in settings.flower_basic_auth.split(","):
        user, _, password = login.partition(":")
        if not user or len(password) < MIN_PASSWORD_CHARS:
            problems.append(
                "FLOWER_BASIC_AUTH: is not user:password with a password of"
                f" {MIN_PASSWORD_CHARS} characters or more"
            )
            break
    return problems


def _split(address: str) -> SplitResult:
    """Return the parts of an address, all empty when it cannot be parsed."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
