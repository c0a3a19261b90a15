"""The model: how rare an action is among those that an anomaly model was trained on."""

from dataclasses import dataclass

from domain.fraud.anomaly.features import features
from domain.fraud.candidate import Candidate
from domain.fraud.checks.check import Check, limit
from domain.fraud.model import PASSED, Finding
from domain.fraud.signals import Signal, Signals


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """From when on rarity counts, and how long the model may take."""

    min_rarity: float = limit(0.8, "Rarity from which on it counts", minimum=0, maximum=1)
    budget_us: float = limit(
        200,
        "Longest that an action may take; more, and a batch does without",
        minimum=1,
        maximum=1e6,
    )


def check_model(action: Candidate, signals: Signals, settings: ModelSettings) -> Finding:
    """Object to an action whose features are rare together. Judging runs it only with a model."""
    model = signals.model
    if model is None:
        return PASSED
    rarity = model.score(features(action, signals))
    if rarity.score < settings.min_rarity or not rarity.spoke_most:
        return PASSED
    return Finding(rarity.score, "ANOMALY", ", ".join(rarity.spoke_most))


CHECK = Check(
    name="model",
    version=1,
    reasons=("ANOMALY",),
    points=50,
    run=check_model,
    settings=ModelSettings,
    needs=frozenset(
        {
            Signal.MODEL,
            Signal.WINDOW,
            Signal.PROFILE,
            Signal.CLIENT,
            Signal.SIGHTINGS,
            Signal.METADATA,
            Signal.BASELINE,
        }
    ),
)
