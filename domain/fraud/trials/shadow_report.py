"""The report on a shadow: what it would have judged otherwise, since it judges beside the live one.

Called by the operators' `flask fraud shadow-report`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFoundError
from domain.fraud.policy import PolicyState
from domain.store.postgres.fraud.judged_actions import ShadowCount, count_shadow
from domain.store.postgres.fraud.policies import list_policies
from domain.store.postgres.transactions import allow_long_queries
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """Of `actions` since then, those on which both policies did not agree."""

    policy_no: int
    since: datetime
    actions: int
    differences: Sequence[ShadowCount]


def report_shadow(store: Store) -> ShadowReport:
    """Return the report on the policy that is in shadow.

    Raises NotFoundError without one, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        allow_long_queries(connection)
        shadow = next(
            (one for one in list_policies(connection) if one.state is PolicyState.SHADOW), None
        )
        if shadow is None:
            raise NotFoundError("No policy is in shadow")
        actions, differences = count_shadow(
            connection, policy_no=shadow.number, since=shadow.created_at
        )
    return ShadowReport(shadow.number, shadow.created_at, actions, differences)
