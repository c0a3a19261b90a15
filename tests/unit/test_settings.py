"""Settings out of an environment: what is refused, and that no value is shown."""

import re

import pytest

from domain.errors import SettingsError
from domain.settings import Settings, load_settings, settings_of_process

SECRET = "5b1f0c9e7a3d4826b0f1e2d3c4a59687"
SOUND = {
    "DATABASE_URL": "postgresql://laurel:Zk3vT9qX@db.example:5432/scoredb",
    "REDIS_URL": "redis://cache.example:6379",
    "JWT_SECRET": SECRET,
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
    assert load_settings({**SOUND, "PORT": "", "METRICS_TOKEN": ""}).port == Settings.port


def test_origins_are_a_list() -> None:
    origins = load_settings({**SOUND, "ALLOWED_ORIGINS": " https://a.example/, http://b:81 ,"})
    assert origins.allowed_origins == ("https://a.example", "http://b:81")


def test_a_process_with_bad_settings_ends_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SOUND, "PORT": "http", "MAX_WAITERS": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        settings_of_process()
    assert isinstance(caught.value.code, str), "printed, and the exit code is 1"
    assert [name in caught.value.code for name in ("PORT", "MAX_WAITERS")] == [True, True]
