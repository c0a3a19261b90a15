"""Policies are data: made, tried as a shadow, made live and retired while everything runs.

Called by the HTTP API for admins and by `flask fraud`. One is live, or the settings' policy judges;
at most one is a shadow. Every process follows `fraud_head` with its next batch.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.errors import (
    InvalidPayloadError,
    NotFoundError,
    PolicyInUseError,
    PreconditionFailedError,
)
from domain.fraud.policies.json_form import decode_policy, encode_policy
from domain.fraud.policy import PolicyState, settings_of_checks
from domain.moderation.acts import record_act
from domain.moderation.model import ActKind
from domain.settings import Settings
from domain.store.postgres.fraud import policies as stored_policies
from domain.store.postgres.fraud.policies import StoredPolicy
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """Who changes policies, and why; `tags` are what `tag_policies` may say before.

    Without `tags` the change is made whatever has happened since.
    """

    by: str
    reason: str
    tags: Collection[str] | None = None


def list_policies(store: Store) -> list[StoredPolicy]:
    """Return every policy, the newest first. Raises DatabaseUnavailableError."""
    with store.write() as connection:
        return stored_policies.list_policies(connection)


def get_policy(store: Store, *, number: int) -> StoredPolicy:
    """Return one policy; raises NotFoundError."""
    with store.write() as connection:
        return _require(connection, number)


def find_problems(stored: StoredPolicy) -> Mapping[str, list[str]] | None:
    """Return why this version of the program cannot use a policy, by path; None when it can."""
    try:
        decode_policy(stored.definition)
    except InvalidPayloadError as error:
        return error.problems
    return None


def tag_policies(policies: Collection[StoredPolicy]) -> str:
    """Return what changes when any policy is made or changes its state."""
    last = max((policy.number for policy in policies), default=0)
    in_use = {
        policy.state: policy.number
        for policy in policies
        if policy.state in (PolicyState.LIVE, PolicyState.SHADOW)
    }
    retired = sum(1 for policy in policies if policy.state is PolicyState.RETIRED)
    live, shadow = in_use.get(PolicyState.LIVE, 0), in_use.get(PolicyState.SHADOW, 0)
    return f"{last}-{live}-{shadow}-{retired}"


def create_policy(
    store: Store, *, document: object, state: PolicyState, settings: Settings, change: PolicyChange
) -> StoredPolicy:
    """Store a policy as a draft, a shadow or the live one, and return it.

    It is stored whole: what it does not name is what the settings say today. Raises
    InvalidPayloadError whose details name each bad field, or PreconditionFailedError; nothing is
    changed then.
    """
    policy = decode_policy(document, given=settings_of_checks(settings))
    with store.write() as connection:
        _begin(connection, change)
        stored = stored_policies.insert_policy(
            connection, definition=encode_policy(policy), note=change.reason, created_by=change.by
        )
        if state is not PolicyState.DRAFT:
            _put_in_use(connection, stored.number, state)
        return _finish(connection, stored.number, state, change)


def use_policy(
    store: Store, *, number: int, state: PolicyState, change: PolicyChange
) -> StoredPolicy:
    """Make a stored policy the live one or the shadow; what was that before is retired.

    Raises NotFoundError, PreconditionFailedError, PolicyInUseError when the live one is to be the
    shadow, and InvalidPayloadError for a policy that this version of the program does not read.
    """
    with store.write() as connection:
        _begin(connection, change)
        stored = _require(connection, number)
        if stored.state is state:
            return stored
        if stored.state is PolicyState.LIVE:
            raise PolicyInUseError
        decode_policy(stored.definition)
        _put_in_use(connection, number, state)
        return _finish(connection, number, state, change)


def retire_policy(store: Store, *, number: int, change: PolicyChange) -> StoredPolicy:
    """Retire a policy; after the live one the settings' policy judges.

    Raises NotFoundError or PreconditionFailedError.
    """
    with store.write() as connection:
        _begin(connection, change)
        stored = _require(connection, number)
        if stored.state is PolicyState.RETIRED:
            return stored
        if stored.state is PolicyState.LIVE:
            stored_policies.set_live_number(connection, number=None)
        stored_policies.set_policy_state(connection, number=number, state=PolicyState.RETIRED)
        return _finish(connection, number, PolicyState.RETIRED, change)


def _begin(connection: Connection, change: PolicyChange) -> None:
    """Lock out other changes; raises PreconditionFailedError after one that `change` misses."""
    stored_policies.raise_revision(connection)
    if change.tags is None:
        return
    if tag_policies(stored_policies.list_policies(connection)) not in change.tags:
        raise PreconditionFailedError


def _put_in_use(connection: Connection, number: int, state: PolicyState) -> None:
    """Give a policy a state that one policy has, and retire the one that has it."""
    for other in stored_policies.list_policies(connection):
        if other.state is state:
            stored_policies.set_policy_state(
                connection, number=other.number, state=PolicyState.RETIRED
            )
    stored_policies.set_policy_state(connection, number=number, state=state)
    if state is PolicyState.LIVE:
        stored_policies.set_live_number(connection, number=number)


def _finish(
    connection: Connection, number: int, state: PolicyState, change: PolicyChange
) -> StoredPolicy:
    record_act(
        connection,
        kind=ActKind.POLICY,
        by=change.by,
        user_id=None,
        reason=change.reason,
        details={"policy": number, "state": state},
    )
    return _require(connection, number)


def _require(connection: Connection, number: int) -> StoredPolicy:
    stored = stored_policies.find_policy(connection, number=number)
    if stored is None:
        raise NotFoundError("There is no such policy")
    return stored
