"""Policies are data: one is live, at most one a shadow, and nothing is half changed."""

from typing import Any

import pytest
from sqlalchemy import text

from domain.errors import (
    InvalidPayloadError,
    NotFoundError,
    PolicyInUseError,
    PreconditionFailedError,
)
from domain.fraud.policies.changing import (
    PolicyChange,
    create_policy,
    find_problems,
    get_policy,
    list_policies,
    retire_policy,
    tag_policies,
    use_policy,
)
from domain.fraud.policy import PolicyState
from domain.store.postgres.fraud.policies import StoredPolicy
from domain.store.store import Store
from tests.factories import make_settings
from tests.waiting import run_in_threads

DOCUMENT: dict[str, Any] = {"checks": {"velocity": {"settings": {"maxPerMinute": 3}}}}
CHANGE = PolicyChange("operator:grace", "stricter")


def create(
    store: Store,
    state: PolicyState = PolicyState.DRAFT,
    *,
    document: object = DOCUMENT,
    change: PolicyChange = CHANGE,
) -> StoredPolicy:
    return create_policy(
        store, document=document, state=state, settings=make_settings(), change=change
    )


def read_head(store: Store) -> tuple[int, int | None]:
    with store.write() as connection:
        row = connection.execute(text("SELECT revision, live_policy_no FROM fraud_head")).one()
    return row.revision, row.live_policy_no


def read_states(store: Store) -> dict[int, str]:
    return {policy.number: str(policy.state) for policy in list_policies(store)}


def count_acts(store: Store) -> int:
    with store.write() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM moderation_acts WHERE kind = 'policy'")
            ).scalar_one()
        )


def test_a_draft_is_stored_whole_and_judges_nothing(store: Store) -> None:
    before = read_head(store)
    stored = create(store)
    assert stored.state is PolicyState.DRAFT
    assert (stored.note, stored.created_by) == ("stricter", "operator:grace")
    assert (stored.live_from, stored.live_until) == (None, None)
    assert stored.definition == {
        "holdAt": 100,
        "rejectAt": 1000,
        "checks": {"velocity": {"points": 1000, "settings": {"maxPerMinute": 3}}},
    }
    assert get_policy(store, number=stored.number) == stored
    assert read_head(store)[1] is None
    assert read_head(store)[0] > before[0]


def test_one_policy_is_live_and_the_one_before_is_retired(store: Store) -> None:
    first = create(store, PolicyState.LIVE)
    assert (first.state, read_head(store)[1]) == (PolicyState.LIVE, first.number)
    assert first.live_from is not None
    second = create(store)
    revision = read_head(store)[0]
    use_policy(store, number=second.number, state=PolicyState.LIVE, change=CHANGE)
    assert read_states(store) == {first.number: "retired", second.number: "live"}
    assert read_head(store) == (revision + 1, second.number)
    retired = get_policy(store, number=first.number)
    assert retired.live_from == first.live_from
    assert retired.live_until is not None
    use_policy(store, number=first.number, state=PolicyState.LIVE, change=CHANGE)
    assert read_states(store) == {first.number: "live", second.number: "retired"}
    assert get_policy(store, number=first.number).live_until is None


def test_at_most_one_policy_is_a_shadow(store: Store) -> None:
    first, second = create(store, PolicyState.SHADOW), create(store, PolicyState.SHADOW)
    assert read_states(store) == {first.number: "retired", second.number: "shadow"}
    assert read_head(store)[1] is None
    use_policy(store, number=second.number, state=PolicyState.LIVE, change=CHANGE)
    assert read_states(store) == {first.number: "retired", second.number: "live"}


def test_the_live_policy_does_not_become_a_shadow(store: Store) -> None:
    live = create(store, PolicyState.LIVE)
    before = read_head(store)
    with pytest.raises(PolicyInUseError):
        use_policy(store, number=live.number, state=PolicyState.SHADOW, change=CHANGE)
    assert (read_states(store), read_head(store)) == ({live.number: "live"}, before)


def test_without_the_live_policy_the_settings_judge_again(store: Store) -> None:
    live = create(store, PolicyState.LIVE)
    retired = retire_policy(store, number=live.number, change=CHANGE)
    assert retired.state is PolicyState.RETIRED
    assert read_head(store)[1] is None
    again = retire_policy(store, number=live.number, change=CHANGE)
    assert again == retired


@pytest.mark.parametrize("document", [{}, {"checks": {"telepathy": {}}}, []])
def test_a_bad_policy_changes_nothing(store: Store, document: object) -> None:
    live = create(store, PolicyState.LIVE)
    before = (read_head(store), list_policies(store), count_acts(store))
    with pytest.raises(InvalidPayloadError):
        create(store, PolicyState.LIVE, document=document)
    assert before == (read_head(store), list_policies(store), count_acts(store))
    assert get_policy(store, number=live.number).state is PolicyState.LIVE


def test_a_policy_of_a_newer_program_is_shown_and_not_made_live(store: Store) -> None:
    stored = create(store)
    with store.write() as connection:
        connection.execute(
            text("""UPDATE fraud_policies SET definition = '{"checks": {"telepathy": {}}}'""")
        )
    (shown,) = list_policies(store)
    problems = find_problems(shown)
    assert problems is not None
    assert list(problems) == ["checks.telepathy"]
    assert find_problems(stored) is None
    with pytest.raises(InvalidPayloadError):
        use_policy(store, number=stored.number, state=PolicyState.LIVE, change=CHANGE)
    assert read_states(store) == {stored.number: "draft"}


def test_an_unknown_policy_is_not_found(store: Store) -> None:
    before = read_head(store)
    with pytest.raises(NotFoundError):
        get_policy(store, number=999_999)
    with pytest.raises(NotFoundError):
        use_policy(store, number=999_999, state=PolicyState.LIVE, change=CHANGE)
    with pytest.raises(NotFoundError):
        retire_policy(store, number=999_999, change=CHANGE)
    assert read_head(store) == before


def test_who_has_missed_a_change_changes_nothing(store: Store) -> None:
    seen = tag_policies(list_policies(store))
    first = create(store, PolicyState.LIVE, change=PolicyChange("a", "first", [seen]))
    with pytest.raises(PreconditionFailedError):
        create(store, PolicyState.LIVE, change=PolicyChange("b", "second", [seen]))
    assert read_states(store) == {first.number: "live"}
    now = tag_policies(list_policies(store))
    retire_policy(store, number=first.number, change=PolicyChange("b", "second", ["0", now]))
    assert tag_policies(list_policies(store)) not in (seen, now)


def test_of_changes_at_once_that_know_the_same_one_is_made(store: Store) -> None:
    seen = tag_policies(list_policies(store))
    refused: list[PreconditionFailedError] = []

    def work() -> None:
        try:
            create(store, PolicyState.LIVE, change=PolicyChange("a", "at once", [seen]))
        except PreconditionFailedError as error:
            refused.append(error)

    run_in_threads(work, count=6)
    assert len(refused) == 5
    assert list(read_states(store).values()) == ["live"]


def test_every_change_is_an_act_of_its_own(store: Store) -> None:
    stored = create(store)
    use_policy(store, number=stored.number, state=PolicyState.LIVE, change=CHANGE)
    use_policy(store, number=stored.number, state=PolicyState.LIVE, change=CHANGE)
    retire_policy(store, number=stored.number, change=PolicyChange("operator:grace", "back"))
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT by, reason, details FROM moderation_acts WHERE kind = 'policy'"
                " ORDER BY act_no"
            )
        ).all()
    assert [(row.by, row.reason, row.details["state"]) for row in rows] == [
        ("operator:grace", "stricter", "draft"),
        ("operator:grace", "stricter", "live"),
        ("operator:grace", "back", "retired"),
    ]
    assert {row.details["policy"] for row in rows} == {stored.number}
