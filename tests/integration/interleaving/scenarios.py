"""What happens, by chance: boards, actions and players, of which all of a test's runs are made."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.boards.model import BoardId
from domain.rankings.definition import Aggregate, BoardDefinition, PeriodKind, PeriodRule, Segment
from domain.rankings.model import CountedAction, PlayerFacts
from tests import ledgers

BASE = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Inside and outside each window, and hours from its start at whatever time the test runs.
AGES = {
    DAY: (0 * HOUR, HOUR, 5 * HOUR, 22 * HOUR, 27 * HOUR),
    7 * DAY: (0 * HOUR, DAY, 5 * DAY, 10 * DAY),
    30 * DAY: (0 * HOUR, 9 * DAY, 28 * DAY, 33 * DAY),
}
# Of the zones in `tests/ledgers.py`, those with a moment in years that are over.
LONG_AGO = ("Pacific/Apia", "America/Sao_Paulo", "America/St_Johns")

BY_COUNTRY = Segment(attribute="country")
COUNTRIES = ({"country": "DE"}, {"country": "NP"})


@dataclass(frozen=True)
class Scenario:
    """Boards that begin empty, one for a change, and what comes in; numbers are not those here."""

    boards: list[BoardDefinition]
    changed: BoardDefinition
    ledger: list[CountedAction]
    players: dict[str, PlayerFacts]


def make_storable(definition: BoardDefinition, number: int) -> BoardDefinition:
    """Return a board like this one that the API would take."""
    conditions = {
        condition.path: condition
        for condition in definition.where
        if condition.kind != "range" or (condition.minimum, condition.maximum) != (None, None)
    }
    factors = [each for each in definition.multipliers if each.factor > 0 and each.start < each.end]
    is_count = definition.aggregate is Aggregate.COUNT
    is_rolling = definition.period.kind is PeriodKind.ROLLING
    return replace(
        definition,
        id=BoardId(f"board-{number}"),
        where=tuple(conditions.values()),
        value=ledgers.SCORE if is_count else definition.value,
        multipliers=() if is_count else tuple(factors[:1]),
        join_required=definition.join_required and not is_rolling,
    )


@st.composite
def scenarios_of_a_zone(draw: st.DrawFn, *, is_over: bool = False) -> Scenario:
    """Return boards and actions around a moment at which a clock does something.

    With `is_over` their periods are over.
    """
    zone = ZoneInfo(draw(st.sampled_from(LONG_AGO if is_over else sorted(ledgers.ZONES))))
    clock = draw(ledgers.clocks(zone))
    unwanted = {PeriodKind.ROLLING, PeriodKind.NONE} if is_over else {PeriodKind.ROLLING}
    wanted = ledgers.periods(zone).filter(lambda rule: rule.kind not in unwanted)
    boards = wanted.flatmap(lambda rule: ledgers.definitions(zone, clock, rule))
    drawn = draw(st.lists(boards, min_size=1, max_size=3))
    return Scenario(
        [make_storable(board, number) for number, board in enumerate(drawn)],
        make_storable(draw(boards), 0),
        draw(ledgers.ledgers(clock)),
        draw(ledgers.players(clock)),
    )


@st.composite
def rolling_scenarios(draw: st.DrawFn) -> Scenario:
    """Return a rolling board with actions inside and outside its window at the moment BASE."""
    window = draw(st.sampled_from(sorted(AGES)))
    clock = [BASE - age for age in AGES[window]]
    zone = ZoneInfo(draw(st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu"))))
    rule = PeriodRule(PeriodKind.ROLLING, window=window)
    boards = st.builds(
        lambda board, is_split: replace(board, segment=BY_COUNTRY) if is_split else board,
        ledgers.definitions(zone, clock, rule),
        st.booleans(),
    )
    # Everyone has a country, which may become another one: who had none is not counted back.
    facts = st.builds(PlayerFacts, st.sampled_from(COUNTRIES), st.just({}))
    return Scenario(
        [make_storable(draw(boards), 0)],
        make_storable(draw(boards), 0),
        draw(ledgers.ledgers(clock)),
        {user: draw(facts) for user in ledgers.USERS},
    )


def move_to(scenario: Scenario, now: datetime) -> Scenario:
    """Return the scenario with `now` in the place of BASE."""
    late = now - BASE

    def move(board: BoardDefinition) -> BoardDefinition:
        factors = [
            each._replace(start=each.start + late, end=each.end + late)
            for each in board.multipliers
        ]
        return replace(board, multipliers=tuple(factors))

    return replace(
        scenario,
        boards=[move(board) for board in scenario.boards],
        changed=move(scenario.changed),
        ledger=[
            action._replace(accepted_at=action.accepted_at + late) for action in scenario.ledger
        ],
    )
