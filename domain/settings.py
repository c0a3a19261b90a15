"""Every setting of Laurel: one frozen object, read once at the start and passed down.

This is the only reader of the environment and of `.env` inside the product. All bad values are
named at once, and a secret is never shown.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from environs import Env, EnvValidationError, validate

from domain.errors import SettingsError
from domain.settings_rules import find_problems

ENV_FILE = ".env"
# Set to an empty string, it keeps a process from reading the file: tests and the tools that run a
# stack apart from the user's set it.
ENV_FILE_VARIABLE = "LAUREL_ENV_FILE"


def setting(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    aliases: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field with its documentation, bounds and other variables' names.

    The first of `aliases` that is set counts when the variable itself is not.
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum, "aliases": aliases}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings, each named as its environment variable in lower case."""

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
    access_log_sample: float = setting(
        0.1,
        "Share of the API's requests with a line in its log; answers of 400 and above always have"
        " one",
        minimum=0,
        maximum=1,
    )
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
    jwt_jwks: str = setting("", "JWKS of an identity provider: a path or an `https://` address")

    secrets_key: str = setting(
        "",
        "Encrypts signing keys and second factors in the database, at least 32 random bytes;"
        " JWT_SECRET when empty",
    )
    secrets_key_before: str = setting(
        "", "What SECRETS_KEY, or JWT_SECRET in its place, was before: it still decrypts"
    )

    rate_limit_requests: int = setting(100, "Requests per window for each user", minimum=1)
    rate_limit_window: int = setting(60, "The window, seconds", minimum=1, maximum=86400)
    rate_limit_ip_requests: int = setting(
        0, "Requests per window for each address; 0 = ten times RATE_LIMIT_REQUESTS", minimum=0
    )
    trusted_proxy_hops: int = setting(
        0,
        "Proxies in front whose `X-Forwarded-For`, else `Forwarded`, is believed",
        minimum=0,
        maximum=10,
    )
    allowed_origins: tuple[str, ...] = setting(
        (), "Origins of pages that may call the API and open sockets, separated by commas"
    )

    spectators: bool = setting(
        True,
        "Whether boards can be looked at, live too, without an account: POST /api/auth/spectate",
    )

    client_hash_key: str = setting(
        "",
        "Key of the hashes of devices and addresses; without it made of JWT_SECRET. A change"
        " makes every client a new one",
    )
    geoip_db: str = setting(
        "", "MMDB file that says where addresses are; without it and CF-IPCountry that is unknown"
    )
    play_session_seconds: int = setting(
        4 * 3600, "Lifetime of a play session, seconds", minimum=60, maximum=7 * 86400
    )
    require_session: bool = setting(
        False, "Refuse actions whose `metadata.sessionId` is no UUID, or is missing"
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

    step_up_score: int = setting(
        0,
        "Score above which an action is held unless a one-time code or the game server's signature"
        " vouches for it; 0 = off",
        minimum=0,
        maximum=2**31 - 1,
    )

    result_wait_seconds: float = setting(
        2.0, "How long a POST waits for its result", minimum=0, maximum=10
    )
    commit_wait_seconds: float = setting(
        3.0, "How long a POST waits for its commit before 503", minimum=0.1, maximum=30
    )
    max_waiters: int = setting(
        2000, "Requests of one process that may wait for a result", minimum=1, maximum=10000
    )
    max_queue_age_seconds: float = setting(
        30.0,
        "Age of the queue at which intake answers 503: the wait of the oldest action that no"
        " later one has overtaken",
        minimum=1,
    )
    batch_max_actions: int = setting(500, "Rows of one intake flush", minimum=1, maximum=1000)
    batch_linger_ms: float = setting(
        20.0,
        "How long intake waits for company while others are in flight",
        minimum=0,
        maximum=1000,
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
    client_retention_days: int = setting(
        180,
        "Devices and addresses that were not seen for this long are forgotten",
        minimum=30,
        maximum=36500,
    )
    archive_dir: str = setting("", "Where archives go; default `archives/` in LAUREL_HOME")

    audit_signing_key: str = setting(
        "",
        "Signs checkpoints of the audit log (Ed25519): 32 random bytes in base64, or the path of a"
        " PEM file; without it none are made",
    )
    audit_former_keys: str = setting(
        "", "Public keys that signed checkpoints before, separated by spaces, for their checks"
    )
    audit_checkpoint_file: str = setting(
        "",
        "Where checkpoints are kept outside the database; default `audit-checkpoints.txt` in"
        " LAUREL_HOME",
    )

    live_url: str = setting(
        "", "Public address of the sockets; default `ws://<host>:<LIVE_PORT>/ws`"
    )
    max_sockets_per_user: int = setting(5, "Open sockets of one user", minimum=1)
    max_sockets: int = setting(10000, "Open sockets of one live process", minimum=1)

    metrics_token: str = setting("", "Bearer token for `/metrics`; production asks for one")
    flower_basic_auth: str = setting("", "`user:password` for Flower; production asks for one")
    flower_chains_per_second: float = setting(
        1.0,
        "Batches a second of each web process whose tasks Flower shows when there are many; tasks"
        " that fail are always shown",
        minimum=0,
    )
    prometheus_multiproc_dir: str = setting(
        "",
        "Folder in which the processes of one machine share their metrics; the library reads it"
        " from the real environment, not from `.env`",
    )
    laurel_process: str = setting(
        "",
        "Name of this process in the log and in Flower; else `HONCHO_PROCESS_NAME` or `DYNO`, else"
        " the kind of process",
        aliases=("HONCHO_PROCESS_NAME", "DYNO"),
    )

    @property
    def is_production(self) -> bool:
        """Whether the strict rules of production apply."""
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
    def checkpoint_path(self) -> Path:
        """The file of the audit log's checkpoints."""
        given = self.audit_checkpoint_file
        return Path(given) if given else Path(self.laurel_home) / "audit-checkpoints.txt"

    @property
    def sqlalchemy_url(self) -> str:
        """DATABASE_URL with its driver named: SQLAlchemy 2.1 reads a bare one as psycopg 3."""
        scheme, _, rest = self.database_url.partition("://")
        return (
            f"postgresql+psycopg2://{rest}"
            if scheme in ("postgresql", "postgres")
            else (self.database_url)
        )


class _MappingEnv(Env):
    """environs over any mapping, so that tests need not touch the process's environment.

    Collects what is wrong; `seal` raises it all at once. An empty variable counts as not set.
    """

    def __init__(self, environ: Mapping[str, str]):
        super().__init__(eager=False)
        self._mapping = environ

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._mapping.get(env_key) or default


def settings_of_process() -> Settings:
    """Return the settings of this process: its environment and `.env` in the working directory.

    Called once, where a process starts. A variable of the real environment wins over the file;
    with `LAUREL_ENV=test` there the file is not read. Raises SettingsError as `load_settings`.
    """
    environ = {name: value for name, value in os.environ.items() if value}
    if os.environ.get(ENV_FILE_VARIABLE) == "" or environ.get("LAUREL_ENV") == "test":
        return load_settings(environ)
    return load_settings({**read_env_file(Path.cwd()), **environ})


def read_env_file(folder: Path) -> dict[str, str]:
    """Return the variables of `.env` in this folder; empty when there is no such file.

    Syntax and `${NAME}` are python-dotenv's. Raises SettingsError when it cannot be read.
    """
    try:
        read = dotenv_values(folder / ENV_FILE, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{ENV_FILE}: cannot be read ({type(error).__name__})"]) from error
    return {name: value for name, value in read.items() if value is not None}


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings that these environment variables describe.

    Raises SettingsError naming every bad variable; values are not shown, they could be secret.
    """
    env = _MappingEnv(environ)
    read = {spec.name: _read(env, spec) for spec in fields(Settings)}
    problems: dict[str, list[str]] = {}
    try:
        env.seal()
    except EnvValidationError as error:
        if isinstance(error.error_messages, Mapping):
            problems.update(error.error_messages)
    sound = {name: value for name, value in read.items() if name.upper() not in problems}
    settings = Settings(**sound)
    lines = [f"{name}: {' '.join(messages)}" for name, messages in problems.items()]
    # A variable that could not be read has its default here; it is not named twice.
    lines += [line for line in find_problems(settings) if line.partition(":")[0] not in problems]
    if lines:
        raise SettingsError(lines)
    return settings


def _read(env: Env, spec: "Field[Any]") -> Any:
    name = spec.name.upper()
    default: Any = spec.default
    minimum, maximum = spec.metadata["minimum"], spec.metadata["maximum"]
    bounds = None if minimum is maximum else validate.Range(minimum, maximum)
    if spec.type is bool:
        return env.bool(name, default)
    if spec.type is int:
        return env.int(name, default, validate=bounds)
    if spec.type is float:
        return env.float(name, default, validate=bounds)
    if spec.type is str:
        aliases = (env.str(alias, "") for alias in spec.metadata["aliases"])
        return env.str(name, next(filter(None, aliases), default))
    parts: list[str] = env.list(name, list(default))
    return tuple(part.strip().rstrip("/") for part in parts if part.strip())
