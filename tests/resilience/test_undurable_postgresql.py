"""No process starts in production with a PostgreSQL that may lose committed transactions.

The server of the tests is one: it is not durable, for speed.
"""

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.errors import SettingsError
from domain.settings import Settings
from domain.store.durability import GUARANTEES, find_missing_guarantees, require_durable_server
from domain.store.store import Store, connect
from local.supervision.procfile import read_procfile
from tests.factories import make_settings
from tests.local.project import free_ports

ROOT = Path(__file__).parents[2]
COMMANDS = dict(read_procfile(ROOT / "Procfile"))
END_SECONDS = 60.0


def run(name: str, settings: Settings, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the Procfile until it ends; raise TimeoutExpired when it does not."""
    ports = dict(zip(("PORT", "LIVE_PORT", "FLOWER_PORT"), map(str, free_ports(3)), strict=True))
    return subprocess.run(
        ["sh", "-c", f"exec {COMMANDS[name]}"],
        cwd=ROOT,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "JWT_SECRET": settings.jwt_secret,
            "LAUREL_ENV": "production",
            "METRICS_TOKEN": "a-metrics-token",
            "FLOWER_BASIC_AUTH": "admin:a-flower-password",
            "LAUREL_HOME": settings.laurel_home,
            **ports,
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=END_SECONDS,
    )


@pytest.mark.parametrize("name", ["api", "live", "worker", "maintenance", "beat", "keeper"])
def test_no_process_of_production_starts_with_it(settings: Settings, name: str) -> None:
    ended = run(name, settings)
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0, shlex.quote(said)
    assert "Traceback" not in said
    for guarantee in GUARANTEES:
        assert said.count(f"PostgreSQL: {guarantee} is off") >= 1
    assert settings.jwt_secret not in said


@pytest.mark.parametrize("name", list(COMMANDS))
def test_no_process_starts_with_a_well_known_secret(settings: Settings, name: str) -> None:
    ended = run(name, replace(settings, jwt_secret="your-secret-key"))
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0, shlex.quote(said)
    assert "JWT_SECRET: " in said
    assert "your-secret-key" not in said


@pytest.mark.parametrize("name", ["api", "flower"])
def test_no_process_of_production_starts_with_open_metrics_or_flower(
    settings: Settings, name: str
) -> None:
    ended = run(name, settings, METRICS_TOKEN="", FLOWER_BASIC_AUTH="")
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0, shlex.quote(said)
    assert "METRICS_TOKEN: " in said
    assert "FLOWER_BASIC_AUTH: " in said
    assert "Traceback" not in said


def test_every_missing_guarantee_is_named(settings: Settings, store: Store) -> None:
    with store.write() as connection:
        assert find_missing_guarantees(connection) == list(GUARANTEES)
    with pytest.raises(SettingsError) as refusal:
        require_durable_server(replace(settings, laurel_env="production"), store)
    assert len(refusal.value.problems) == len(GUARANTEES)


def test_every_synchronous_commit_but_off_is_durable(store: Store) -> None:
    with store.write() as connection:
        for value in ("on", "local", "remote_write", "remote_apply"):
            connection.execute(text(f"SET LOCAL synchronous_commit = {value}"))
            assert find_missing_guarantees(connection) == ["fsync", "full_page_writes"]


def test_other_environments_accept_it(settings: Settings, store: Store) -> None:
    require_durable_server(replace(settings, laurel_env="development"), store)


def test_a_process_starts_while_the_server_is_not_running() -> None:
    settings = make_settings(laurel_env="production")
    store = connect(settings)
    require_durable_server(settings, store)
    store.close()
