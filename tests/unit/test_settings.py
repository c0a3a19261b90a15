"""Settings from an environment and `.env`: what is refused, and that no value is shown."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from domain.errors import SettingsError
from domain.settings import (
    ENV_FILE_VARIABLE,
    Settings,
    load_settings,
    read_env_file,
    settings_of_process,
)

SECRET = "5b1f0c9e7a3d4826b0f1e2d3c4a59687"
SOUND = {
    "DATABASE_URL": "postgresql://laurel:Zk3vT9qX@db.example:5432/scoredb",
    "REDIS_URL": "redis://cache.example:6379",
    "JWT_SECRET": SECRET,
    "METRICS_TOKEN": "a-metrics-token",
    "FLOWER_BASIC_AUTH": "admin:a-flower-password",
}


def refusal(**changes: str) -> list[str]:
    """Return what a start with these changes is refused for."""
    with pytest.raises(SettingsError) as caught:
        load_settings({**SOUND, **changes})
    return list(caught.value.problems)


def test_the_sound_environment_is_production_and_keeps_the_specification_s_defaults() -> None:
    settings = load_settings(SOUND)
    assert settings.is_production
    assert (settings.jwt_expiration, settings.rate_limit_requests) == (3600, 100)
    assert (settings.rate_limit_window, settings.max_score_per_action) == (60, 1000)
    assert (settings.max_actions_per_minute, settings.suspicious_score_threshold) == (10, 10000)


@pytest.mark.parametrize(
    "secret",
    ["your-secret-key", "", SECRET[:31], "a" * 40, "your-secret-key-your-secret-key-12345"],
)
def test_production_refuses_a_weak_secret_without_showing_it(secret: str) -> None:
    (problem,) = refusal(JWT_SECRET=secret)
    assert problem.startswith("JWT_SECRET: ")
    assert not secret or secret not in problem


def test_production_refuses_a_weak_key_of_secrets_at_rest_unless_there_is_none() -> None:
    for weak in (SECRET[:31], "a" * 40):
        (problem,) = refusal(SECRETS_KEY=weak)
        assert problem.startswith("SECRETS_KEY: ")
        assert weak not in problem
    assert load_settings({**SOUND, "SECRETS_KEY": ""}).secrets_key == ""
    assert load_settings({**SOUND, "SECRETS_KEY": SECRET}).secrets_key == SECRET


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "true"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://a.example, *"),
        ("DATABASE_URL", "postgresql://postgres:postgres@localhost/scoredb"),
        ("DATABASE_URL", "postgresql://user:pass@localhost:5432/scoredb"),
    ],
)
def test_production_refuses_what_is_for_development(name: str, value: str) -> None:
    (problem,) = refusal(**{name: value})
    assert problem.startswith(f"{name}: ")
    load_settings({**SOUND, name: value, "LAUREL_ENV": "development"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE_LIMIT_REQUESTS", "-1"),
        ("RATE_LIMIT_REQUESTS", "0"),
        ("RATE_LIMIT_REQUESTS", "abc"),
        ("RATE_LIMIT_REQUESTS", "1.5"),
        ("PORT", "65536"),
        ("RESULT_WAIT_SECONDS", "nan"),
        ("RESULT_WAIT_SECONDS", "inf"),
        ("RESULT_WAIT_SECONDS", "11"),
        ("DEBUG", "perhaps"),
        ("LAUREL_ENV", "prod"),
        ("LOG_LEVEL", "LOUD"),
        ("ALLOWED_ORIGINS", "example.com"),
        ("ALLOWED_ORIGINS", "https://a.example/path"),
        ("ALLOWED_ORIGINS", "https://[bad"),
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("DATABASE_URL", "postgresql//h"),
        ("DATABASE_URL", "postgresql://[bad"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", "http://h"),
    ],
)
def test_a_value_out_of_its_range_is_named(name: str, value: str) -> None:
    (problem,) = refusal(**{name: value})
    assert problem.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_TOKEN", ""),
        ("METRICS_TOKEN", "short"),
        ("FLOWER_BASIC_AUTH", ""),
        ("FLOWER_BASIC_AUTH", "a-password-alone"),
        ("FLOWER_BASIC_AUTH", ":a-flower-password"),
        ("FLOWER_BASIC_AUTH", "admin:"),
        ("FLOWER_BASIC_AUTH", "admin:a-flower-password,guest:guest"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_production_does_not_start_with_open_metrics_or_an_open_flower(
    name: str, value: str, host: str
) -> None:
    (problem,) = refusal(**{name: value, "HOST": host})
    assert problem.startswith(f"{name}: ")
    load_settings({**SOUND, name: value, "LAUREL_ENV": "development"})


def test_production_names_both_open_doors_at_once() -> None:
    problems = refusal(METRICS_TOKEN="", FLOWER_BASIC_AUTH="")
    named = [problem.partition(":")[0] for problem in problems]
    assert named == ["METRICS_TOKEN", "FLOWER_BASIC_AUTH"]


FOREIGN = {"JWT_ISSUER": "https://id.example", "JWT_AUDIENCE": "laurel"}


@pytest.mark.parametrize(
    "source",
    ["keys/jwks.json", "/etc/jwks.json", "https://id.example/jwks", "http://127.0.0.1:9/jwks"],
)
def test_a_key_set_is_a_path_or_an_address(source: str) -> None:
    assert load_settings({**SOUND, **FOREIGN, "JWT_JWKS": source}).jwt_jwks == source


@pytest.mark.parametrize(
    "source", ["ftp://id.example/jwks", "file:///etc/passwd", "https://", "http://[::1/jwks"]
)
def test_no_other_address_is_one(source: str) -> None:
    (problem,) = refusal(**FOREIGN, JWT_JWKS=source)
    assert problem.startswith("JWT_JWKS: ")


def test_production_fetches_no_keys_without_tls() -> None:
    source = {"JWT_JWKS": "http://id.example/jwks"}
    (problem,) = refusal(**FOREIGN, **source)
    assert problem.startswith("JWT_JWKS: ")
    load_settings({**SOUND, **source, "LAUREL_ENV": "development"})


@pytest.mark.parametrize("name", list(FOREIGN))
def test_production_takes_no_tokens_for_other_applications(name: str) -> None:
    (problem,) = refusal(**{**FOREIGN, "JWT_JWKS": "https://id.example/jwks", name: ""})
    assert problem.startswith(f"{name}: ")


def test_every_bad_variable_is_named_at_once() -> None:
    problems = refusal(PORT="x", RATE_LIMIT_REQUESTS="-1", DEBUG="maybe", JWT_SECRET="short")
    assert [problem.partition(":")[0] for problem in problems] == [
        "PORT",
        "DEBUG",
        "RATE_LIMIT_REQUESTS",
        "JWT_SECRET",
    ]


def test_no_secret_is_shown_whatever_is_wrong() -> None:
    hidden = {
        "DATABASE_URL": "mysql://u:hunter2-database@h/d",
        "REDIS_URL": "http://:hunter2-redis@h",
        "JWT_SECRET": "hunter2-jwt",
        "METRICS_TOKEN": "hunter2-metrics",
        "FLOWER_BASIC_AUTH": "u:hunter2-flower",
        "PORT": "x",
    }
    with pytest.raises(SettingsError) as caught:
        load_settings(hidden)
    assert not re.search("hunter2", str(caught.value))


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings({**SOUND, "PORT": "", "JWT_ISSUER": ""}).port == Settings.port


def test_origins_are_a_list() -> None:
    origins = load_settings({**SOUND, "ALLOWED_ORIGINS": " https://a.example/, http://b:81 ,"})
    assert origins.allowed_origins == ("https://a.example", "http://b:81")


def test_the_name_of_a_process_may_come_from_what_started_it() -> None:
    honcho = {"HONCHO_PROCESS_NAME": "worker.1"}
    assert load_settings({**SOUND, **honcho}).laurel_process == "worker.1"
    assert load_settings({**SOUND, **honcho, "LAUREL_PROCESS": "mine"}).laurel_process == "mine"
    assert load_settings({**SOUND, "DYNO": "web.2", **honcho}).laurel_process == "worker.1"
    assert load_settings({**SOUND, "DYNO": "web.2"}).laurel_process == "web.2"
    assert load_settings(SOUND).laurel_process == ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, with no setting in the environment."""
    for spec in fields(Settings):
        monkeypatch.delenv(spec.name.upper(), raising=False)
    monkeypatch.delenv(ENV_FILE_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_env(folder: Path, **values: str) -> None:
    lines = {**SOUND, **values}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def test_a_process_reads_the_env_file_of_its_folder(folder: Path) -> None:
    write_env(folder, PORT="9001")
    settings = settings_of_process()
    assert (settings.port, settings.database_url) == (9001, SOUND["DATABASE_URL"])


def test_the_real_environment_wins_over_the_env_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(folder, PORT="9001", LIVE_PORT="9002")
    monkeypatch.setenv("PORT", "9003")
    monkeypatch.setenv("LIVE_PORT", "")
    settings = settings_of_process()
    assert (settings.port, settings.live_port) == (9003, 9002), "empty counts as not set"


def test_a_process_of_the_tests_does_not_read_the_env_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(folder, PORT="9001", DATABASE_URL="postgresql://the-user-s-own/data")
    for name, value in {**SOUND, "LAUREL_ENV": "test"}.items():
        monkeypatch.setenv(name, value)
    settings = settings_of_process()
    assert (settings.port, settings.database_url) == (Settings.port, SOUND["DATABASE_URL"])


def test_a_mapping_is_all_that_load_settings_reads(folder: Path) -> None:
    write_env(folder, PORT="9001")
    assert load_settings(SOUND).port == Settings.port


def test_a_folder_without_an_env_file_has_no_variables(folder: Path) -> None:
    assert read_env_file(folder) == {}


def test_the_env_file_has_comments_quotes_and_names_without_a_value(folder: Path) -> None:
    (folder / ".env").write_text(
        "# a comment\nexport HOST='::1'\nPORT\nLIVE_URL=\"wss://x\"  # y\n"
    )
    assert read_env_file(folder) == {"HOST": "::1", "LIVE_URL": "wss://x"}


def test_an_env_file_that_is_not_text_is_refused_without_its_contents(folder: Path) -> None:
    (folder / ".env").write_bytes(b"JWT_SECRET=hunter2\xff\n")
    with pytest.raises(SettingsError) as caught:
        settings_of_process()
    assert caught.value.problems == (".env: cannot be read (UnicodeDecodeError)",)


def test_a_process_with_bad_settings_is_refused_with_their_names(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_env(folder, PORT="http")
    monkeypatch.setenv("MAX_WAITERS", "0")
    with pytest.raises(SettingsError) as caught:
        settings_of_process()
    assert [line.partition(":")[0] for line in caught.value.problems] == ["PORT", "MAX_WAITERS"]


def test_a_key_for_checkpoints_is_32_bytes_or_a_path() -> None:
    said = "AUDIT_SIGNING_KEY: is neither 32 bytes in base64 nor a path"
    for bad in ("short", "AAAA", "not base64!", "A" * 43):
        assert refusal(AUDIT_SIGNING_KEY=bad) == [said]
    for good in ("A" * 43 + "=", "/etc/laurel/audit.pem", "audit.pem"):
        assert load_settings({**SOUND, "AUDIT_SIGNING_KEY": good}).audit_signing_key == good
