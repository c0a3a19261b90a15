"""Players folded: what the ledger says that each has on some boards. For builds and proofs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.rankings.counting import BoardRule
from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.folding import PlayerTallies, fold_player
from domain.rankings.model import CountedAction
from domain.rankings.periods import period_at, period_before, window_start
from domain.store.postgres.rankings.ledger.actions import LedgerPlayer


@dataclass(frozen=True, slots=True)
class FoldedPlayer:
    """What one player has; `accepted` knows by number when each action was accepted."""

    player: LedgerPlayer
    found: PlayerTallies
    accepted: Mapping[int, datetime]


def fold(
    rules: Sequence[BoardRule],
    player: LedgerPlayer,
    actions: Iterable[CountedAction],
    *,
    now: datetime,
) -> FoldedPlayer:
    """Return what the player's actions, in order of their numbers, come to.

    On boards that is nothing while the player is withheld.
    """
    accepted: dict[int, datetime] = {}

    def remember() -> Iterator[CountedAction]:
        for action in actions:
            accepted[action.action_no] = action.accepted_at
            yield action

    shown = () if player.is_withheld else rules
    return FoldedPlayer(player, fold_player(shown, remember(), player.facts, now=now), accepted)


def kept_since(definition: BoardDefinition, now: datetime) -> datetime | None:
    """Return since when actions matter to a board: to the closed periods that it keeps, or longer.

    None when all do.
    """
    if definition.period.kind is PeriodKind.ROLLING:
        return window_start(definition, now)
    if definition.period.kind is PeriodKind.SEASON:
        return definition.period.start
    period = period_at(definition, now)
    for _ in range(definition.keep_periods):
        before = period and period_before(definition, period)
        if before is None:
            break
        period = before
    return period.start if period else None
