"""The model: a histogram of each feature, and how rare an action's features are together.

This is HBOS, the histogram-based outlier score (Goldstein and Dengel, KI 2012): features count as
independent, so that a score is a sum of one look-up for each, and says which spoke most.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, NamedTuple

import orjson

FORMAT = 1
"""Grows with every change of the JSON or of what a feature means."""

FEATURES = (
    "score",
    "interval",
    "own_deviation",
    "all_deviation",
    "score_rate",
    "interval_spread",
    "clock_deviation",
    "clock_disorder",
    "device_turns",
    "stretch_hours",
    "actions_last_minute",
    "players_on_device",
    "players_on_address",
)
"""The names of what `domain/fraud/anomaly/features.py` measures, in its order."""


class Rarity(NamedTuple):
    """How rare an action is, from 0 for usual to 1, and the features that say so most."""

    score: float
    spoke_most: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model.

    `edges` are where a feature's bins end, ascending, and `surprise` what each bin adds, one more
    than edges: 0 in the fullest. A sum of `usual` is what 99 % of the actions trained on stay
    below, and one of `rare` is a score of 1.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]
    surprise: tuple[tuple[float, ...], ...]
    usual: float
    rare: float
    trained_on: int
    is_live: bool = False
    """Otherwise in shadow: what it finds is kept and counts nothing."""

    def score(self, features: Sequence[float]) -> Rarity:
        """Return how rare the features are, in the order of `names`."""
        total = self.add_up(features)
        if total <= self.usual:
            return USUAL
        rarity = min(1.0, (total - self.usual) / (self.rare - self.usual))
        return Rarity(rarity, self._explain(features))

    def add_up(self, features: Sequence[float]) -> float:
        """Return the sum of the surprises."""
        total = 0.0
        for value, edges, surprise in zip(features, self.edges, self.surprise, strict=True):
            total += surprise[bisect_right(edges, value)]
        return total

    def _explain(self, features: Sequence[float]) -> tuple[str, ...]:
        """Return the three features that are most surprising, the most so first."""
        spoke = sorted(
            (
                (surprise[bisect_right(edges, value)], name)
                for name, value, edges, surprise in zip(
                    self.names, features, self.edges, self.surprise, strict=True
                )
            ),
            reverse=True,
        )
        return tuple(name for added, name in spoke[:3] if added > 0)

    def to_json(self) -> str:
        """Return it as text, without its state."""
        values: dict[str, Any] = {"format": FORMAT, **asdict(self)}
        del values["is_live"]
        return orjson.dumps(values).decode()

    @classmethod
    def from_json(cls, text: str | bytes, *, is_live: bool) -> "Model":
        """Return the model of a text; raises ValueError when it is none, or of another format."""
        values = orjson.loads(text)
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            raise ValueError("no model of this format")
        try:
            model = cls(
                names=tuple(map(str, values["names"])),
                edges=tuple(tuple(map(float, row)) for row in values["edges"]),
                surprise=tuple(tuple(map(float, row)) for row in values["surprise"]),
                usual=float(values["usual"]),
                rare=float(values["rare"]),
                trained_on=int(values["trained_on"]),
                is_live=is_live,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no model: {error!r}") from None
        _check_shape(model)
        return model


USUAL = Rarity(0.0, ())


def _check_shape(model: Model) -> None:
    if model.names != FEATURES:
        raise ValueError("no model: of other features")
    if not len(FEATURES) == len(model.edges) == len(model.surprise):
        raise ValueError("no model: not one histogram for each feature")
    rows = list(zip(model.edges, model.surprise, strict=True))
    if any(len(surprise) != len(edges) + 1 for edges, surprise in rows):
        raise ValueError("no model: a histogram whose bins do not fit its edges")
    numbers = [number for row in (*model.edges, *model.surprise) for number in row]
    if not all(map(isfinite, [*numbers, model.usual, model.rare])):
        raise ValueError("no model: a number that is not finite")
    if any(list(edges) != sorted(edges) for edges in model.edges):
        raise ValueError("no model: edges that do not ascend")
    if not model.usual < model.rare:
        raise ValueError("no model: what is rare must be above what is usual")
