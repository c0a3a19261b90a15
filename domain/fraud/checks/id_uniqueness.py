"""Id uniqueness: an action whose id belongs to another row, which intake did not make."""

from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, NoSettings
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signals

DUPLICATE = Finding(1.0, "DUPLICATE_ACTION")


def check_id_uniqueness(action: Candidate, _signals: Signals, _settings: NoSettings) -> Finding:
    """Object to an action that does not hold its id."""
    return PASSED if action.holds_id else DUPLICATE


CHECK = Check(
    name="id_uniqueness",
    version=1,
    reasons=("DUPLICATE_ACTION",),
    points=1000,
    run=check_id_uniqueness,
    settings=NoSettings,
)
