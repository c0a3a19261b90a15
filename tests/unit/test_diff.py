"""Whoever applies a difference to the view before has exactly the view after."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.boards.diff import Difference, difference
from domain.boards.model import Standing

EPOCH = datetime(2025, 8, 8, 10, tzinfo=UTC)


def make_view(rows: Sequence[tuple[int, int, int, str]]) -> tuple[Standing, ...]:
    """Return a view whose rows are (user, score, seconds, name), ranked as they stand."""
    return tuple(
        Standing(rank, UUID(int=user), name, score, EPOCH + timedelta(seconds=seconds))
        for rank, (user, score, seconds, name) in enumerate(rows, start=1)
    )


def apply(before: Sequence[Standing], told: Difference) -> tuple[Standing, ...]:
    """Do what a client does: drop, put in, order by rank."""
    rows = {standing.user_id: standing for standing in before}
    for user_id in told.removed:
        del rows[user_id]
    for change in told.changes:
        known = rows.get(change.standing.user_id)
        assert change.previous_rank == (known.rank if known else None)
        rows[change.standing.user_id] = change.standing
    return tuple(sorted(rows.values(), key=lambda standing: standing.rank))


# Few users, scores, times and names: so that views overlap in every way.
views = st.lists(
    st.tuples(
        st.integers(0, 12), st.integers(0, 3), st.integers(0, 2), st.sampled_from(("ada", "bob"))
    ),
    max_size=10,
    unique_by=lambda row: row[0],
).map(make_view)


@given(views, views)
def test_applied_to_the_view_before_it_gives_the_view_after(
    before: tuple[Standing, ...], after: tuple[Standing, ...]
) -> None:
    assert apply(before, difference(before, after)) == after


@given(views, views, views)
def test_differences_chain(
    first: tuple[Standing, ...], second: tuple[Standing, ...], third: tuple[Standing, ...]
) -> None:
    at_second = apply(first, difference(first, second))
    assert apply(at_second, difference(second, third)) == third


@given(views, views)
def test_nothing_is_told_that_did_not_change(
    before: tuple[Standing, ...], after: tuple[Standing, ...]
) -> None:
    told = difference(before, after)
    assert told.is_empty == (before == after)
    assert not {change.standing for change in told.changes} & set(before)
    assert set(told.removed) == {row.user_id for row in before} - {row.user_id for row in after}
