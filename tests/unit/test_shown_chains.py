"""Which chains Flower is shown: all while there are few, some of many."""

from workers.messages.shown_chains import SHOWN_IN_A_ROW, ShownChains


def test_all_chains_are_shown_until_there_are_many() -> None:
    now = [0.0]
    chains = ShownChains(2.0, clock=lambda: now[0])
    assert [chains.choose() for _ in range(SHOWN_IN_A_ROW + 5)] == [True] * SHOWN_IN_A_ROW + [
        False
    ] * 5
    now[0] = 1.0
    assert [chains.choose() for _ in range(4)] == [True, True, False, False]
    now[0] = 1000.0
    assert sum(chains.choose() for _ in range(100)) == SHOWN_IN_A_ROW


def test_no_chain_is_shown_beyond_the_first_ones_at_a_rate_of_zero() -> None:
    now = [0.0]
    chains = ShownChains(0.0, clock=lambda: now[0])
    assert sum(chains.choose() for _ in range(100)) == SHOWN_IN_A_ROW
    now[0] = 1000.0
    assert not chains.choose()
