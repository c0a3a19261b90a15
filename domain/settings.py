"""Every setting of Laurel: one frozen object, read once from the environment and passed down.

Inside the application this is the only reader of the environment. All bad values are named at
once, and a secret is never shown.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.errors import SettingsError

ENVIRONMENTS = ("production", "development", "test")
MIN_SECRET_BYTES = 32
# Shannon entropy of the secret's bytes; 32 hex digits of a real random source have about 3.6.
MIN_SECRET_ENTROPY_BITS = 3.0
WELL_KNOWN_SECRET_PARTS = ("your-secret", "changeme", "change-me", "secretsecret", "password")
WELL_KNOWN_DATABASE_PASSWORDS = ("postgres", "password", "pass", "laurel", "admin", "secret")


def setting(
    default: Any, doc: str, *, minimum: float | None = None, maximum: float | None = None
) -> Any:
    """Return a dataclass field that carries its own documentation and bounds."""
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings by the lower-case name of their environment variable."""

    database_url: str = setting("", "PostgreSQL 13 or newer: `postgresql://user:pass@host:port/db`")
    redis_url: str = setting("redis://127.0.0.1:6379/0", "Redis 6.2 or newer, or Valkey")
    jwt_secret: str = setting("", "Signs access tokens (HS256); at least 32 random bytes")
    laurel_env: str = setting("production", "`production`, `development` or `test`")
    laurel_home: str = setting(".laurel", "Where archives and the launcher's files live")
    host: str = setting("127.0.0.1", "Address the servers listen on")
    port: int = setting(8000, "Port of the API", minimum=1, maximum=65535)
    live_port: int = setting(8001, "Port of the WebSocket server", minimum=1, maximum=65535)
    flower_port: int = setting(5555, "Port of Flower", minimum=1, maximum=65535)
    log_level: str = setting("INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`")
    debug: bool = setting(False, "Flask's debug mode; refused in production")

    jwt_expiration: int = setting(
        3600, "Lifetime of an access token, seconds", minimum=1, maximum=86400
    )
    jwt_refresh_expiration: int = setting(
        30 * 86400, "Lifetime of a refresh token, seconds", minimum=60, maximum=366 * 86400
    )
    jwt_leeway_seconds: int = setting(
        10, "Clock skew allowed on `exp`, `nbf`, `iat`", minimum=0, maximum=300
    )
    jwt_issuer: str = setting("", "When set, `iss` of every token must be this")
    jwt_audience: str = setting("", "When set, `aud` of every token must contain this")

    rate_limit_requests: int = setting(100, "Requests per window for each user", minimum=1)
    rate_limit_window: int = setting(60, "The window, seconds", minimum=1, maximum=86400)
    rate_limit_ip_requests: int = setting(
        0, "Requests per window for each address; 0 = ten times RATE_LIMIT_REQUESTS", minimum=0
    )
    trusted_proxy_hops: int = setting(
        0, "Proxies in front whose `X-Forwarded-For` is believed", minimum=0, maximum=10
    )
    allowed_origins: tuple[str, ...] = setting(
        (), "Origins of pages that may call the API and open sockets, separated by commas"
    )

    max_score_per_action: int = setting(
        1000, "Largest score of one action", minimum=1, maximum=2**31 - 1
    )
    max_actions_per_minute: int = setting(
        10, "Actions a player may complete in a minute", minimum=1
    )
    suspicious_score_threshold: int = setting(
        10000, "Sum of a player's scores in an hour above which an action is held", minimum=1
    )
    action_max_age_seconds: int = setting(300, "How old an action may be at intake", minimum=1)
    action_max_future_seconds: int = setting(
        30, "How far ahead of our clock an action may be", minimum=0
    )

    result_wait_seconds: float = setting(
        2.0, "How long a POST waits for its result", minimum=0, maximum=10
    )
    commit_wait_seconds: float = setting(
        3.0, "How long a POST waits for its commit before 503", minimum=0.1, maximum=30
    )
    max_waiters: int = setting(
        400, "Requests of one process that may wait for a result", minimum=1, maximum=10000
    )
    max_queue_age_seconds: float = setting(
        30.0, "Age of the oldest pending action at which intake answers 503", minimum=1
    )
    batch_max_actions: int = setting(500, "Rows of one intake flush", minimum=1, maximum=1000)
    batch_linger_ms: float = setting(
        10.0, "How long intake waits for company while others are in flight", minimum=0, maximum=1000
    )
    batch_in_flight: int = setting(
        3, "Batches of one process between commit and reply", minimum=1, maximum=64
    )
    database_pool_size: int = setting(
        10, "PostgreSQL connections of one web process", minimum=2, maximum=200
    )

    retention_days: int = setting(
        90, "Actions older than this are archived; 0 = never", minimum=0, maximum=36500
    )
    archive_dir: str = setting("", "Where archives go; default `archives/` in LAUREL_HOME")

    live_url: str = setting("", "Public address of the sockets; default `ws://<host>:<LIVE_PORT>/ws`")
    max_sockets_per_user: int = setting(5, "Open sockets of one user", minimum=1)
    max_sockets: int = setting(10000, "Open sockets of one live process", minimum=1)

    metrics_token: str = setting("", "Bearer token for `/metrics` from other than loopback")
    flower_basic_auth: str = setting("", "`user:password` for Flower")

    @property
    def is_production(self) -> bool:
        """Whether the strict rules of production hold."""
        return self.laurel_env == "production"

    @property
    def address_limit_requests(self) -> int:
        """Requests per window for one address: ten users' worth unless set."""
        return self.rate_limit_ip_requests or 10 * self.rate_limit_requests

    @property
    def archive_path(self) -> Path:
        """The folder of the archive files."""
        return Path(self.archive_dir) if self.archive_dir else Path(self.laurel_home) / "archives"

    @property
    def sqlalchemy_url(self) -> str:
        """DATABASE_URL with its driver named: SQLAlchemy 2.1 reads a bare one as psycopg 3."""
        scheme, _, rest = self.database_url.partition("://")
        return f"postgresql+psycopg2://{rest}" if scheme in ("postgresql", "postgres") else (
            self.database_url
        )


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

    Raises SettingsError naming every bad variable; values that could be secret are not shown.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    for spec in fields(Settings):
        name = spec.name.upper()
        raw = environ.get(name)
        if raw is None or raw == "":
            continue
        try:
            values[spec.name] = _parse(raw, spec.type, spec.metadata)
        except ValueError as error:
            problems.append(f"{name}: {error}")
    settings = Settings(**values)
    problems += _find_problems(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _parse(raw: str, kind: Any, metadata: Mapping[str, Any]) -> Any:
    if kind is bool:
        return _parse_bool(raw)
    if kind in (int, float):
        return _parse_number(raw, kind, metadata)
    if kind is str:
        return raw
    return tuple(part.strip().rstrip("/") for part in raw.split(",") if part.strip())


def _parse_bool(raw: str) -> bool:
    lowered = raw.strip().lower()
    if lowered in ("1", "true", "yes", "on"):
        return True
    if lowered in ("0", "false", "no", "off"):
        return False
    raise ValueError("is not true or false")


def _parse_number(raw: str, kind: type, metadata: Mapping[str, Any]) -> float:
    try:
        value: float = kind(raw.strip())
    except ValueError:
        raise ValueError("is not a whole number" if kind is int else "is not a number") from None
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    minimum, maximum = metadata["minimum"], metadata["maximum"]
    if minimum is not None and value < minimum:
        raise ValueError(f"is {value}, the least is {minimum}")
    if maximum is not None and value > maximum:
        raise ValueError(f"is {value}, the most is {maximum}")
    return value


def _find_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.laurel_env not in ENVIRONMENTS:
        problems.append(f"LAUREL_ENV: is not one of {', '.join(ENVIRONMENTS)}")
    if urlsplit(settings.database_url).scheme not in (
        "postgresql",
        "postgres",
        "postgresql+psycopg2",
    ):
        problems.append("DATABASE_URL: is not set to a postgresql:// address")
    if urlsplit(settings.redis_url).scheme not in ("redis", "rediss", "unix"):
        problems.append("REDIS_URL: is not a redis:// address")
    if settings.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        problems.append("LOG_LEVEL: is not one of DEBUG, INFO, WARNING, ERROR")
    if not settings.jwt_secret:
        problems.append("JWT_SECRET: is not set")
    elif settings.is_production and (weakness := _find_secret_weakness(settings.jwt_secret)):
        problems.append(f"JWT_SECRET: {weakness}")
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


def _find_origin_problems(settings: Settings) -> list[str]:
    problems = []
    for origin in settings.allowed_origins:
        parts = urlsplit(origin)
        if origin == "*":
            if settings.is_production:
                problems.append("ALLOWED_ORIGINS: `*` is not allowed in production")
        elif parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            problems.append(f"ALLOWED_ORIGINS: {origin!r} is not scheme://host[:port]")
    return problems


def _find_production_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.debug:
        problems.append("DEBUG: is on in production")
    if urlsplit(settings.database_url).password in WELL_KNOWN_DATABASE_PASSWORDS:
        problems.append("DATABASE_URL: has a well-known password")
    return problems
