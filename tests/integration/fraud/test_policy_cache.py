"""Which policy judges: the one that is live with each batch, and a shadow that changes nothing."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.actions.chain import SCORE, SCREEN
from domain.actions.model import NewAction
from domain.actions.recovery import SINGLE_ATTEMPTS, isolate
from domain.fraud.candidate import Candidate
from domain.fraud.checks import velocity
from domain.fraud.model import Finding, Verdict
from domain.fraud.policies.cache import PolicyCache
from domain.fraud.policies.changing import PolicyChange, create_policy, retire_policy
from domain.fraud.policy import PolicyState
from domain.fraud.screening import ScreeningOutcome
from domain.fraud.shadowing import read_shadow_verdict
from domain.moderation.deciding import Decision, decide_action
from domain.store.postgres.fraud.policies import StoredPolicy
from domain.store.store import Store
from tests.batches import get_batch, set_attempts
from tests.factories import make_action, make_policy, make_settings
from tests.integration.fraud.screened import accept, execute, fetch, read_profiles, screen
from tests.pipeline import finish_batch
from workers import metrics
from workers.chain import run_link
from workers.context import WorkerContext

CHANGE = PolicyChange("operator:grace", "as planned")
SETTINGS_POLICY = make_policy()
LAX = {"checks": {"velocity": {"points": 100, "settings": {"maxPerMinute": 1000}}}}
STRICT = {"checks": {"velocity": {"points": 100, "settings": {"maxPerMinute": 1}}}}
HARSH = {"checks": {"velocity": {"points": 1000, "settings": {"maxPerMinute": 1}}}}


@pytest.fixture
def policies() -> PolicyCache:
    """What one process knows."""
    return PolicyCache()


def create(store: Store, document: Any, state: PolicyState = PolicyState.LIVE) -> StoredPolicy:
    return create_policy(
        store, document=document, state=state, settings=make_settings(), change=CHANGE
    )


def make_two() -> list[NewAction]:
    player = uuid4()
    return [make_action(user_id=player), make_action(user_id=player)]


def judge(store: Store, policies: PolicyCache) -> list[Verdict]:
    """Return the verdicts on two actions of a new player."""
    return [one.verdict for one in run(store, policies).screenings]


def run(store: Store, policies: PolicyCache) -> ScreeningOutcome:
    batch_id = accept(store, *make_two())
    return screen(store, batch_id, policy=SETTINGS_POLICY, policies=policies)


def read_numbers(store: Store) -> list[int | None]:
    rows = fetch(store, "SELECT policy_no FROM action_batches ORDER BY created_at")
    return [row.policy_no for row in rows]


def test_a_change_counts_from_the_next_batch_on_without_a_restart(
    store: Store, policies: PolicyCache
) -> None:
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    strict = create(store, STRICT)
    assert judge(store, policies) == [Verdict.PASS, Verdict.QUARANTINE]
    harsh = create(store, HARSH)
    assert judge(store, policies) == [Verdict.PASS, Verdict.REJECT]
    retire_policy(store, number=harsh.number, change=CHANGE)
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    assert read_numbers(store) == [None, strict.number, harsh.number, None]


def test_actions_say_which_policy_judged_them(worker_context: WorkerContext) -> None:
    store = worker_context.store
    live = create(store, STRICT)
    batch_id = accept(store, *make_two())
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    create(store, LAX)
    run_link(worker_context, link=SCORE, batch_id=batch_id)
    rows = fetch(store, "SELECT policy_no, status FROM user_actions ORDER BY action_no")
    assert rows == [(live.number, "applied"), (live.number, "quarantined")]


def test_the_parts_of_a_split_batch_keep_their_policy(worker_context: WorkerContext) -> None:
    store = worker_context.store
    live = create(store, STRICT)
    batch_id = accept(store, *make_two())
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    set_attempts(store, batch_id, 100)
    parts = isolate(store, batch=get_batch(store, batch_id))
    assert len(parts) == 2
    assert set(read_numbers(store)) == {live.number}


def test_the_same_process_reads_policies_only_after_a_change(
    store: Store, policies: PolicyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = PolicyCache._read

    def note(self: PolicyCache, *arguments: Any) -> Any:
        reads.append(1)
        return read(self, *arguments)

    monkeypatch.setattr(PolicyCache, "_read", note)
    for _ in range(3):
        judge(store, policies)
    create(store, STRICT, PolicyState.DRAFT)
    for _ in range(3):
        judge(store, policies)
    assert len(reads) == 2


def test_of_a_policy_that_is_not_understood_the_last_good_one_stays(
    store: Store, policies: PolicyCache
) -> None:
    strict = create(store, STRICT)
    judge(store, policies)
    assert policies.problem is None
    newer = create(store, LAX)
    execute(
        store,
        """UPDATE fraud_policies SET definition = '{"checks": {"telepathy": {}}}'"""
        " WHERE policy_no = :number",
        number=newer.number,
    )
    assert judge(store, policies) == [Verdict.PASS, Verdict.QUARANTINE]
    assert policies.problem == f"this version of the program cannot use live policy {newer.number}"
    assert read_numbers(store) == [strict.number, strict.number]
    create(store, LAX)
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    assert policies.problem is None


def test_a_process_that_never_understood_one_judges_by_the_settings(
    store: Store, policies: PolicyCache
) -> None:
    create(store, STRICT)
    execute(store, "UPDATE fraud_policies SET definition = '[]'")
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    assert read_numbers(store) == [None]
    assert policies.problem is not None


def test_a_live_policy_that_is_not_stored_is_told(store: Store, policies: PolicyCache) -> None:
    number = create(store, STRICT).number
    execute(store, "DELETE FROM fraud_policies")
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    assert policies.problem == f"this version of the program cannot use live policy {number}"


@pytest.mark.parametrize("baseline", ["[]", "{}", '{"actions": "x"}', "null", "5"])
def test_a_baseline_that_is_not_understood_is_left_out(
    store: Store, policies: PolicyCache, baseline: str
) -> None:
    execute(
        store,
        "INSERT INTO fraud_baselines (action_type, baseline)"
        " VALUES ('level_complete', CAST(:baseline AS jsonb))",
        baseline=baseline,
    )
    assert judge(store, policies) == [Verdict.PASS, Verdict.PASS]
    assert policies.problem is not None


@pytest.mark.parametrize("model", ["", "{}", "[]", "null", '{"format": 99}', '"x"'])
def test_a_model_that_is_not_understood_is_unavailable(
    store: Store, policies: PolicyCache, model: str
) -> None:
    execute(
        store,
        "INSERT INTO fraud_models (state, model, trained_on) VALUES ('live', :model, 5)",
        model=model,
    )
    outcome = run(store, policies)
    assert [one.verdict for one in outcome.screenings] == [Verdict.PASS, Verdict.PASS]
    assert outcome.unavailable == 2
    assert policies.problem is not None


def test_a_shadow_is_kept_where_it_differs_and_changes_nothing(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    live = create(store, LAX)
    shadow = create(store, HARSH, PolicyState.SHADOW)
    batch_id = accept(store, *make_two())
    before = read_counts()
    run_link(worker_context, link=SCREEN, batch_id=batch_id)
    run_link(worker_context, link=SCORE, batch_id=batch_id)
    rows = fetch(
        store, "SELECT status, reason, policy_no, checks FROM user_actions ORDER BY action_no"
    )
    assert [(row.status, row.reason, row.policy_no) for row in rows] == [
        ("applied", None, live.number)
    ] * 2
    assert rows[0].checks is None
    assert rows[1].checks == {
        "shadow": {"policy": shadow.number, "verdict": "reject", "reason": "VELOCITY"}
    }
    after = read_counts()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        ("live", "pass"): 2,
        ("shadow", "pass"): 1,
        ("shadow", "reject"): 1,
    }


def read_counts() -> dict[tuple[str, str], float]:
    return {
        (policy, str(verdict)): metrics.policy_verdicts.labels(policy, verdict)._value.get()
        for policy in ("live", "shadow")
        for verdict in Verdict
    }


def test_a_shadow_that_is_laxer_than_the_live_policy_is_told_too(
    store: Store, policies: PolicyCache
) -> None:
    create(store, STRICT)
    create(store, LAX, PolicyState.SHADOW)
    first, second = run(store, policies).screenings
    assert (first.verdict, read_shadow_verdict(first)) == (Verdict.PASS, Verdict.PASS)
    assert (second.verdict, read_shadow_verdict(second)) == (Verdict.QUARANTINE, Verdict.PASS)
    assert second.checks["velocity"]["reason"] == "VELOCITY"


def test_what_both_policies_look_for_is_looked_for_once(
    store: Store, policies: PolicyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(store, STRICT)
    create(store, {**STRICT, "holdAt": 10}, PolicyState.SHADOW)
    calls: list[str] = []
    original = velocity.check_velocity

    def count(action: Candidate, *arguments: Any) -> Finding:
        calls.append(action.action_id)
        return original(action, *arguments)

    watch_velocity(monkeypatch, count)
    run(store, policies)
    without_shadow = len(calls)
    retired = fetch(store, "SELECT policy_no FROM fraud_policies WHERE state = 'shadow'")
    retire_policy(store, number=retired[0].policy_no, change=CHANGE)
    calls.clear()
    run(store, policies)
    assert len(calls) == without_shadow


def watch_velocity(monkeypatch: pytest.MonkeyPatch, run_check: Any) -> None:
    """Let the velocity check of judges and shadows that are made from now on be this function."""
    for module in ("policy", "judging", "shadowing"):
        imported = __import__(f"domain.fraud.{module}", fromlist=["CHECKS_BY_NAME"])
        check = imported.CHECKS_BY_NAME["velocity"]
        changed = type(check)(
            check.name, 1, check.reasons, check.points, run_check, check.settings, check.needs
        )
        monkeypatch.setattr(
            f"domain.fraud.{module}.CHECKS_BY_NAME",
            {**imported.CHECKS_BY_NAME, "velocity": changed},
        )


def test_a_shadow_that_crashes_leaves_the_live_verdict_alone(
    store: Store, policies: PolicyCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(store, STRICT)
    create(store, LAX, PolicyState.SHADOW)
    original = velocity.check_velocity

    def crash_for_the_shadow(action: Candidate, signals: Any, settings: Any) -> Finding:
        if settings.max_per_minute == 1000:
            raise ZeroDivisionError
        return original(action, signals, settings)

    watch_velocity(monkeypatch, crash_for_the_shadow)
    for _ in range(2):
        first, second = run(store, policies).screenings
        assert (first.verdict, second.verdict) == (Verdict.PASS, Verdict.QUARANTINE)
        assert "shadow" not in second.checks
    create(store, HARSH, PolicyState.SHADOW)
    assert run(store, policies).screenings[1].checks["shadow"]["verdict"] == "reject"


def test_a_shadow_that_is_not_understood_is_left_out(store: Store, policies: PolicyCache) -> None:
    create(store, STRICT)
    shadow = create(store, LAX, PolicyState.SHADOW)
    execute(
        store,
        "UPDATE fraud_policies SET definition = '{}' WHERE policy_no = :number",
        number=shadow.number,
    )
    outcome = run(store, policies)
    assert not outcome.has_shadow
    assert outcome.screenings[1].verdict is Verdict.QUARANTINE
    assert policies.problem is not None


def test_the_signals_of_a_shadow_are_read(store: Store, policies: PolicyCache) -> None:
    create(store, LAX)
    judge(store, policies)
    assert fetch(store, "SELECT 1 FROM player_profiles") == []
    create(store, {"checks": {"endurance": {}}}, PolicyState.SHADOW)
    judge(store, policies)
    assert len(fetch(store, "SELECT 1 FROM player_profiles")) == 1


@pytest.mark.parametrize("is_screened", [False, True])
def test_a_retried_action_is_judged_and_learned_once(
    worker_context: WorkerContext, is_screened: bool
) -> None:
    store = worker_context.store
    first = create(store, {"checks": {"endurance": {}}})
    action = make_action()
    batch_id = accept(store, action)
    if is_screened:
        run_link(worker_context, link=SCREEN, batch_id=batch_id)
    set_attempts(store, batch_id, SINGLE_ATTEMPTS)
    isolate(store, batch=get_batch(store, batch_id))
    finish_batch(worker_context, batch_id)
    assert fetch(store, "SELECT status FROM user_actions") == [("failed",)]
    second = create(store, {"checks": {"endurance": {}}, "holdAt": 99})
    outcome = decide_action(
        store,
        action_id=action.action_id,
        decision=Decision.RETRY,
        by="operator:grace",
        reason="mended",
        now=datetime.now(UTC),
    )
    assert outcome.batch_id is not None
    finish_batch(worker_context, outcome.batch_id)
    judged_by = first if is_screened else second
    assert fetch(store, "SELECT status, policy_no FROM user_actions") == [
        ("applied", judged_by.number)
    ]
    (profile,) = read_profiles(store).values()
    assert profile.seen == 1
