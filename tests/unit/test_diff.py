"""The diff of two views, applied to the earlier one, gives exactly the later one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.boards.diff import ViewDiff, diff_views
from domain.boards.model import Standing

EPOCH = datetime(2025, 8, 8, 10, tzinfo=UTC)


def make_view(rows: Sequence[tuple[int, int, int, str]]) -> tuple[Standing, ...]:
    """Return a view whose rows are (user, score, seconds, name), ranked in this order."""
    return tuple(
        Standing(rank, UUID(int=user), name, score, EPOCH + timedelta(seconds=seconds))
        for rank, (user, score, seconds, name) in enumerate(rows, start=1)
    )


def apply(before: Sequence[Standing], diff: ViewDiff[Standing]) -> tuple[Standing, ...]:
    """Do what a client does: drop, put in, order by rank."""
    rows = {standing.user_id: standing for standing in before}
    for user_id in diff.removed:
        del rows[user_id]
    for change in diff.changes:
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


limits = st.integers(1, 12)


@given(views, views, limits)
def test_applied_to_the_view_before_it_gives_the_view_after(
    before: tuple[Standing, ...], after: tuple[Standing, ...], limit: int
) -> None:
    assert apply(before[:limit], diff_views(before, after, limit)) == after[:limit]


@given(views, views, limits)
def test_the_rank_before_is_known_of_who_was_behind_the_view_too(
    before: tuple[Standing, ...], after: tuple[Standing, ...], limit: int
) -> None:
    ranks = {standing.user_id: standing.rank for standing in before}
    for change in diff_views(before, after, limit).changes:
        assert change.previous_rank == ranks.get(change.standing.user_id)


@given(views, views, views, limits)
def test_diffs_chain(
    first: tuple[Standing, ...],
    second: tuple[Standing, ...],
    third: tuple[Standing, ...],
    limit: int,
) -> None:
    at_second = apply(first[:limit], diff_views(first, second, limit))
    assert apply(at_second, diff_views(second, third, limit)) == third[:limit]


@given(views, views, limits)
def test_a_diff_has_no_unchanged_row(
    before: tuple[Standing, ...], after: tuple[Standing, ...], limit: int
) -> None:
    diff, before, after = diff_views(before, after, limit), before[:limit], after[:limit]
    assert diff.is_empty == (before == after)
    assert not {change.standing for change in diff.changes} & set(before)
    assert set(diff.removed) == {row.user_id for row in before} - {row.user_id for row in after}
