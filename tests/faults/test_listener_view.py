"""What a listener detects: gaps, scores that go down, and the board at the end."""

from typing import Any

from faults.listener_view import ListenerView


def snapshot(seq: int, *rows: tuple[str, int], epoch: str = "one") -> dict[str, Any]:
    ranked = [{"userId": u, "score": s, "rank": rank} for rank, (u, s) in enumerate(rows, 1)]
    fields = {"event": "snapshot", "channel": "leaderboard", "epoch": epoch, "seq": seq}
    return {**fields, "leaderboard": ranked}


def changed(
    since: int, seq: int, *rows: tuple[str, int, int], removed: tuple[str, ...] = ()
) -> dict[str, Any]:
    changes = [{"userId": u, "score": s, "newRank": rank} for u, s, rank in rows]
    fields = {"event": "leaderboard_changed", "channel": "leaderboard", "epoch": "one"}
    return {**fields, "from": since, "seq": seq, "changes": changes, "removed": removed}


def score_updated(since: int, seq: int, epoch: str = "one") -> dict[str, Any]:
    fields = {"event": "score_updated", "channel": "leaderboard", "epoch": epoch}
    return {**fields, "from": since, "seq": seq}


def test_changes_lead_from_a_snapshot_to_the_board() -> None:
    view = ListenerView()
    view.apply(snapshot(4, ("ann", 9), ("bob", 5)))
    view.apply(score_updated(4, 6))
    assert view.apply(changed(4, 6, ("cleo", 12, 1), ("ann", 9, 2), removed=("bob",)))
    assert view.board() == [(1, "cleo", 12), (2, "ann", 9)]
    assert (view.gaps, view.regressions) == ([], [])


def test_an_event_from_another_position_is_a_hole() -> None:
    view = ListenerView()
    view.apply(snapshot(4))
    assert not view.apply(changed(5, 6))
    assert len(view.gaps) == 1


def test_an_event_of_another_epoch_is_a_hole() -> None:
    view = ListenerView()
    view.apply(snapshot(4))
    assert not view.apply(score_updated(4, 5, epoch="two"))


def test_a_snapshot_replaces_the_board() -> None:
    view = ListenerView()
    view.apply(snapshot(4, ("ann", 9)))
    view.apply(snapshot(1, ("bob", 5), epoch="two"))
    assert view.apply(score_updated(1, 2, epoch="two"))
    assert view.board() == [(1, "bob", 5)]


def test_a_score_that_goes_down_is_a_regression() -> None:
    view = ListenerView()
    view.apply(snapshot(4, ("ann", 9)))
    view.apply(changed(4, 5, ("ann", 8, 1)))
    assert len(view.regressions) == 1
