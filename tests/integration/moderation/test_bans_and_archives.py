"""The end of a ban counts archived actions too, and says so when their files are not there."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import ArchiveUnreadableError
from domain.moderation.banning import find_ban
from domain.moderation.unbanning import end_ban, end_due_bans
from domain.settings import Settings
from domain.store.store import Store
from tests.archives import MARCH, archive_all, drop_old_months, move_to_the_past
from tests.bans import ban, let_time_pass
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.state_checksum import find_differences, read_state
from workers.context import WorkerContext

USERS = tuple(UUID(int=number) for number in (1, 2, 2**127))


@pytest.fixture
def archived(store: Store, worker_context: WorkerContext, settings: Settings) -> Iterator[None]:
    """Actions of a month that is archived, and some of now."""
    make_board(store, "sum")
    rebuild_board(store, board=GLOBAL_BOARD)
    actions = [make_action(user_id=user, score=score) for user in USERS for score in (3, 4)]
    complete_actions(worker_context, actions)
    move_to_the_past(store, MARCH)
    archive_all(store, settings.archive_path, part_rows=2)
    complete_actions(worker_context, [make_action(user_id=user, score=5) for user in USERS])
    yield
    drop_old_months(store)


@pytest.mark.usefixtures("archived")
@pytest.mark.parametrize("user_id", USERS)
def test_archived_actions_count_when_the_ban_has_ended(
    store: Store, settings: Settings, user_id: UUID
) -> None:
    before, now = read_state(store), datetime.now(UTC)
    ban(store, user_id)
    assert find_differences(before, read_state(store)) != []
    end_ban(
        store,
        user_id=user_id,
        reason="",
        by="moderator",
        archive_path=settings.archive_path,
        now=now,
    )
    assert find_differences(before, read_state(store)) == []


@pytest.mark.usefixtures("archived")
def test_without_the_files_the_ban_goes_on(store: Store, settings: Settings) -> None:
    now, (ann, bob, _) = datetime.now(UTC), USERS
    for user_id in (ann, bob):
        ban(store, user_id, until=datetime(2126, 1, 1, tzinfo=UTC))
    state = read_state(store)
    for file in settings.archive_path.glob("*.ndjson.gz"):
        file.rename(file.with_suffix(".away"))
    with pytest.raises(ArchiveUnreadableError):
        end_ban(
            store,
            user_id=ann,
            reason="",
            by="moderator",
            archive_path=settings.archive_path,
            now=now,
        )
    let_time_pass(store, bob)
    due = end_due_bans(store, archive_path=settings.archive_path, now=now)
    running = find_ban(store, user_id=bob)
    assert running is not None
    assert (due.ended, due.unreadable) == (0, (running.ban_no,))
    assert find_differences(state, read_state(store)) == []
    but = end_due_bans(store, archive_path=settings.archive_path, now=now, but=due.unreadable)
    assert (but.ended, but.unreadable) == (0, ())
