"""The sorted set's own order of members is the order of the SQL ranking."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.store.redis.boards import board_member

players = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=1, max_value=2**63 - 1),
        st.uuids(),
    ),
    unique_by=lambda player: player[1],
    max_size=30,
)


@given(players)
def test_equal_scores_are_in_the_order_in_which_they_were_reached(
    rows: list[tuple[int, int, UUID]],
) -> None:
    by_sql = sorted(rows, key=lambda row: (-row[0], row[1]))
    by_set = sorted(rows, key=lambda row: (row[0], board_member(row[1], row[2])), reverse=True)
    assert by_set == by_sql


@given(st.integers(min_value=1, max_value=2**63 - 1), st.uuids())
def test_a_member_has_a_fixed_width_and_ends_with_its_user(reached: int, user: UUID) -> None:
    member = board_member(reached, user)
    assert len(member) == 19 + 1 + 36
    assert member[20:] == str(user)
