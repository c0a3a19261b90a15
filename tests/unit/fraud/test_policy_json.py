"""A policy as JSON: its form, its defaults, and every refusal with its path."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidPayloadError
from domain.fraud.checks.table import CHECKS
from domain.fraud.policies.json_form import decode_policy, encode_policy, write_name
from domain.fraud.policy import CheckPolicy, Policy, policy_from
from tests.factories import make_settings


def refuse(document: object) -> dict[str, Any]:
    """Return what is wrong with a document, by path."""
    with pytest.raises(InvalidPayloadError) as caught:
        decode_policy(document)
    fields: dict[str, Any] = (caught.value.details or {}).get("fields", {})
    return fields


def test_the_settings_policy_is_the_same_after_a_way_through_json() -> None:
    policy = policy_from(make_settings(max_actions_per_minute=7, max_score_per_action=500))
    written = encode_policy(policy)
    assert written["checks"]["velocity"] == {"points": 1000, "settings": {"maxPerMinute": 7}}
    assert decode_policy(written) == policy
    assert encode_policy(decode_policy(written)) == written


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    checks = {}
    for check in CHECKS:
        if draw(st.booleans()) or not checks:
            settings = {
                field.name: draw(st.floats(field.metadata["minimum"], field.metadata["maximum"]))
                for field in dataclasses.fields(check.settings)
            }
            points = draw(st.floats(0, 1_000_000) | st.integers(0, 1_000_000))
            checks[check.name] = CheckPolicy(points, check.settings(**settings))
    hold_at = draw(st.floats(1, 999_999))
    return Policy(None, hold_at, draw(st.floats(hold_at, 1_000_000, exclude_min=True)), checks)


@given(policies())
def test_every_policy_is_the_same_after_a_way_through_json(policy: Policy) -> None:
    assert decode_policy(encode_policy(policy)) == policy


def test_what_is_not_named_has_its_default() -> None:
    policy = decode_policy({"checks": {"velocity": {}}}, number=4)
    assert (policy.number, policy.hold_at, policy.reject_at) == (4, 100, 1000)
    assert list(policy.checks) == ["velocity"]
    assert policy.checks["velocity"].points == 1000
    assert policy.checks["velocity"].settings.max_per_minute == 10


def test_what_is_not_named_is_what_the_settings_say() -> None:
    policy = decode_policy(
        {"checks": {"velocity": {}, "score_cap": {"settings": {"maxScore": 3}}}},
        given={"velocity": {"max_per_minute": 77}, "score_cap": {"max_score": 5}},
    )
    assert policy.checks["velocity"].settings.max_per_minute == 77
    assert policy.checks["score_cap"].settings.max_score == 3


def test_checks_are_in_the_order_of_the_table_whatever_the_document_says() -> None:
    names = [check.name for check in CHECKS]
    policy = decode_policy({"checks": {name: {} for name in reversed(names)}})
    assert list(policy.checks) == names


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({}, "checks"),
        ({"checks": {}}, "checks"),
        ({"checks": []}, "checks"),
        ({"checks": None}, "checks"),
        ({"checks": {"telepathy": {}}}, "checks.telepathy"),
        ({"checks": {"velocity": None}}, "checks.velocity"),
        ({"checks": {"velocity": 5}}, "checks.velocity"),
        ({"checks": {"velocity": {"points": -1}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"points": "100"}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"points": True}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"points": float("nan")}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"points": float("inf")}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"points": 10**400}}}, "checks.velocity.points"),
        ({"checks": {"velocity": {"weight": 1}}}, "checks.velocity.weight"),
        (
            {"checks": {"velocity": {"settings": {"maxPerMinute": 0}}}},
            "checks.velocity.settings.maxPerMinute",
        ),
        (
            {"checks": {"velocity": {"settings": {"maxPerMinute": 10**12}}}},
            "checks.velocity.settings.maxPerMinute",
        ),
        (
            {"checks": {"velocity": {"settings": {"max_per_minute": 5}}}},
            "checks.velocity.settings.max_per_minute",
        ),
        ({"checks": {"velocity": {"settings": []}}}, "checks.velocity.settings"),
        ({"checks": {"velocity": {}}, "holdAt": 1000}, "holdAt"),
        ({"checks": {"velocity": {}}, "holdAt": 0}, "holdAt"),
        ({"checks": {"velocity": {}}, "rejectAt": [1]}, "rejectAt"),
        ({"checks": {"velocity": {}}, "mode": "live"}, "mode"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(document: object, path: str) -> None:
    assert list(refuse(document)) == [path]


@pytest.mark.parametrize("document", [None, [], "policy", 5, True])
def test_only_an_object_is_a_policy(document: object) -> None:
    assert refuse(document) == {}


def test_everything_wrong_is_named_at_once() -> None:
    found = refuse({"holdAt": "x", "checks": {"velocity": {"points": -1}, "no": {}}, "more": 1})
    assert set(found) == {"holdAt", "checks.velocity.points", "checks.no", "more"}


def test_names_of_settings_are_camel_case() -> None:
    assert [write_name(name) for name in ("max", "max_per_minute")] == ["max", "maxPerMinute"]
