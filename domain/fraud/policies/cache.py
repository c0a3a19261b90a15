"""The policies that judge, and what they compare with, as one process knows them.

Screening compares its revision with the stored one in each transaction, and reads them again when
an admin or the keeper has changed something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from domain.errors import InvalidPayloadError
from domain.fraud.anomaly.model import Model
from domain.fraud.baseline import Baseline
from domain.fraud.judging import Judge
from domain.fraud.policies.json_form import decode_policy
from domain.fraud.policy import Policy, PolicyState
from domain.fraud.shadowing import Shadow
from domain.fraud.signals import Signal
from domain.store.postgres.fraud.baselines import list_baselines
from domain.store.postgres.fraud.models import find_model
from domain.store.postgres.fraud.policies import FraudHead, StoredPolicy, read_judging_policies
from domain.store.store import Connection

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Judging:
    """What judges at one revision."""

    head: FraudHead
    fallback: Policy
    policy: Policy
    needs: frozenset[Signal]
    shadow: Shadow | None = None
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    model: Model | None = None

    def make_judge(self) -> Judge:
        """Return a judge for one batch."""
        return Judge(self.policy, shadow=self.shadow)


class PolicyCache:
    """One process's policies; threads may share it.

    `problem` says what of them cannot be used here, because a newer program has written it: of the
    live policy the last one that could be read judges on, or the settings' when there was none.
    """

    def __init__(self) -> None:
        self._judging: Judging | None = None
        self.problem: str | None = None

    @property
    def needs(self) -> frozenset[Signal]:
        """The signals that the next batch will most likely need."""
        return self._judging.needs if self._judging else frozenset()

    def find(self, connection: Connection, *, head: FraudHead, fallback: Policy) -> Judging:
        """Return what judges at this head, which the caller's transaction has read.

        `fallback` judges while no policy is live. Raises DatabaseUnavailableError.
        """
        judging = self._judging
        if judging is None or judging.head != head or judging.fallback is not fallback:
            judging = self._judging = self._read(connection, head, fallback)
        return judging

    def _read(self, connection: Connection, head: FraudHead, fallback: Policy) -> Judging:
        self.problem = None
        stored = read_judging_policies(connection, live_number=head.live_number)
        policy = self._choose(stored, head.live_number) or fallback
        shadows = [one for one in stored if one.state is PolicyState.SHADOW]
        tried = self._decode(shadows[0]) if shadows else None
        shadow = Shadow(tried, live=policy) if tried else None
        return Judging(
            head,
            fallback,
            policy,
            Judge(policy, shadow=shadow).needs,
            shadow,
            self._read_baselines(connection),
            self._read_model(connection),
        )

    def _choose(self, stored: Sequence[StoredPolicy], live_number: int | None) -> Policy | None:
        """Return the live policy, or the one that has judged until now; None for the settings'."""
        if live_number is None:
            return None
        found = next((one for one in stored if one.number == live_number), None)
        if found is None:
            self._report(f"live policy {live_number}", "not stored")
        live = self._decode(found) if found else None
        if live is None and self._judging is not None:
            return self._judging.policy
        return live

    def _decode(self, stored: StoredPolicy) -> Policy | None:
        try:
            return decode_policy(stored.definition, number=stored.number)
        except InvalidPayloadError as error:
            self._report(f"{stored.state} policy {stored.number}", error.problems)
            return None

    def _read_baselines(self, connection: Connection) -> dict[str, Baseline]:
        baselines: dict[str, Baseline] = {}
        for kind, value in list_baselines(connection):
            try:
                baselines[kind] = Baseline.from_json(value)
            except ValueError as error:
                self._report("a baseline", str(error))
        return baselines

    def _read_model(self, connection: Connection) -> Model | None:
        stored = find_model(connection)
        if stored is None:
            return None
        try:
            return Model.from_json(stored.text, is_live=stored.is_live)
        except ValueError as error:
            self._report(f"model {stored.number}", str(error))
            return None

    def _report(self, what: str, problems: object) -> None:
        self.problem = f"this version of the program cannot use {what}"
        logger.error("not understood by this version of the program", what=what, problems=problems)
