"""A scenario that is worked through: batches on their way, and everything that gets between."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from domain.accounts.changes import AccountChange, change_account
from domain.accounts.passwords import Passwords
from domain.actions.chain import CHAIN
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.errors import TransientError
from domain.moderation.deciding import Decision, decide_action
from domain.moderation.showing import show_overdue_bans
from domain.rankings.closing.closing import close_changed, close_due
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import encode_definition
from domain.rankings.ledger.building import BuildStep, build_version, list_builds, make_live
from domain.rankings.model import CountedAction, PlayerFacts
from domain.rankings.sets.rebuild import rebuild_rankings
from domain.store.postgres.partitions import ensure_partitions
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.postgres.rankings.set_rows import list_open_rankings
from domain.store.store import Store
from tests import bans
from tests.built_boards import make_version
from tests.factories import make_action
from tests.integration.interleaving.scenarios import COUNTRIES
from tests.integration.interleaving.seals import Seals
from tests.pipeline import finish_batch
from workers.chain import run_link
from workers.context import WorkerContext

PASSWORDS = Passwords()
NO_ARCHIVES = Path("/nonexistent")
DECIDABLE = text(
    "SELECT action_id, status FROM user_actions WHERE status = ANY(:statuses) ORDER BY 1"
)
DECISIONS = {
    "quarantined": (Decision.RELEASE, Decision.RELEASE, Decision.REJECT),
    "applied": (Decision.VOID, Decision.HOLD),
    "voided": (Decision.RESTORE,),
}
MOVE_BATCH = text("UPDATE action_batches SET created_at = :at WHERE batch_id = :batch")
MOVE_IDS = text("UPDATE action_ids SET created_at = :at WHERE action_id = ANY(:ids)")


class Crash(BaseException):
    """What ends a process in a test."""


@dataclass
class Run:
    """One worker, one keeper and one operator; `random` decides who is next.

    With `changed` a board gets a new version at some moment; `seals` are taken of periods that are
    over; `movers` change their country.
    """

    context: WorkerContext
    random: Random
    changed: BoardDefinition | None = None
    seals: Seals | None = None
    movers: dict[str, PlayerFacts] = field(default_factory=dict)
    # Who may be banned.
    suspects: Sequence[str] = ()
    batches: list[UUID] = field(default_factory=list)

    def go(self, ledger: Sequence[CountedAction]) -> None:
        """Work through the whole ledger."""
        left = list(ledger)
        when = self.random.randint(0, len(left))
        while left:
            if len(left) <= when:
                self.change_board()
            size = self.random.randint(1, 4)
            self.accept(left[:size])
            left = left[size:]
            for _ in range(self.random.randint(0, 6)):
                self.disturb()
        self.change_board()
        self.finish()
        self.close()
        for _ in range(3):
            self.decide()
        self.finish()
        self.close()
        self.build()
        for _ in range(3):
            self.move()

    def accept(self, actions: Sequence[CountedAction]) -> None:
        """Take the actions in as a batch whose intake time is that of the first of them."""
        at, store = actions[0].accepted_at, self.context.store
        new = [
            make_action(
                user_id=UUID(action.user_id),
                action_type=action.action_type,
                score=action.score,
                metadata=action.metadata,
                timestamp=at,
            )
            for action in actions
        ]
        (batch,) = accept_actions(store, actions=new, reply_to=None).batches
        with store.write() as connection:
            ensure_partitions(connection, now=at, months_ahead=0)
            connection.execute(MOVE_BATCH, {"at": at, "batch": batch.batch_id})
            ids = [action.action_id for action in new]
            connection.execute(MOVE_IDS, {"at": at, "ids": ids})
        self.batches.append(batch.batch_id)

    def disturb(self) -> None:
        """Do something: a link, whosever turn it is, one that crashes, or what others do."""
        others = (self.decide, self.close, self.build, self.move, *self.moderation)
        self.random.choice((self.run_a_link, self.run_a_link, self.crash, *others))()

    def run_a_link(self) -> None:
        """Run any link for any batch."""
        if self.batches:
            batch_id, link = self.random.choice(self.batches), self.random.choice(CHAIN)
            run_link(self.context, link=link, batch_id=batch_id)

    def crash(self) -> None:
        """Do something that ends before one of its commits."""
        with crashing(self.context.store, after=self.random.randint(0, 3)), suppress(Crash):
            links = (self.run_a_link, self.run_a_link)
            steps = (self.decide, self.close, self.build, *self.moderation)
            self.random.choice((*links, *steps))()

    def decide(self) -> None:
        """Decide on an action that is held, applied or voided; later, while it is on its way."""
        statuses = {"statuses": [self.random.choice(sorted(DECISIONS))]}
        with self.context.store.write() as connection:
            found = [tuple(row) for row in connection.execute(DECIDABLE, statuses)]
        self.random.shuffle(found)
        with suppress(TransientError):
            for action_id, status in found[:1]:
                self.review(action_id, self.random.choice(DECISIONS[status]))

    def review(self, action_id: UUID, decision: Decision) -> None:
        """Take this decision, unless another one is on its way."""
        decided = decide_action(
            self.context.store,
            action_id=action_id,
            decision=decision,
            by="op",
            reason="",
            now=datetime.now(UTC),
        )
        if decided.batch_id is not None:
            self.batches.append(decided.batch_id)

    def move(self) -> None:
        """Let a player change country."""
        if self.movers:
            user = self.random.choice(sorted(self.movers))
            attributes = self.random.choice(COUNTRIES)
            now = datetime.now(UTC)
            change_account(
                self.context.store,
                PASSWORDS,
                board=GLOBAL_BOARD,
                user_id=UUID(user),
                change=AccountChange(attributes=attributes),
                current_password=None,
                session_id=None,
                until=now,
                now=now,
            )
            self.movers[user] = self.movers[user]._replace(attributes=attributes)

    @property
    def moderation(self) -> tuple[Callable[[], None], ...]:
        """What a moderator does."""
        return (self.ban, self.unban, self.unban) if self.suspects else ()

    def ban(self) -> None:
        """Ban a player, who may be banned already."""
        user = self.random.choice(self.suspects)
        bans.ban(self.context.store, UUID(user), note=str(self.random.randint(0, 9)))

    def unban(self) -> None:
        """End a ban, if there is one."""
        with self.context.store.write() as connection:
            banned = bans.list_banned(connection)
        for user in banned[:1]:
            bans.unban(self.context.store, UUID(user))

    def show_bans(self) -> None:
        """Tell Redis what a crash has kept from it."""
        show_overdue_bans(self.context.store, now=datetime.now(UTC), overdue_seconds=0)

    def close(self) -> None:
        """Seal what is over and what has changed since."""
        if self.seals is not None:
            store = self.context.store
            for closed in chain(close_due(store), close_changed(store, pause_seconds=0)):
                self.seals.note(closed)

    def change_board(self) -> None:
        """Begin the new version of the first board, unless it has begun."""
        if self.changed is not None:
            make_version(self.context.store, encode_definition(self.changed))
            with self.context.store.write() as connection:
                connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
            self.changed = None

    def build(self) -> None:
        """Build the new version and make it live, if there is one."""
        store = self.context.store
        for progress in list_builds(store):
            step = build_version(store, progress=progress, archive_path=NO_ARCHIVES)
            assert step is BuildStep.BUILT
            assert make_live(store, version=progress.version)
            with store.write() as connection:
                versions = list_counted_versions(connection)
                now = datetime.now(UTC)
                open_ones = list_open_rankings(connection, versions=versions, now=now)
            rebuild_rankings(store, open_ones)

    def finish(self) -> None:
        """Take every batch to its end."""
        self.random.shuffle(self.batches)
        for batch_id in self.batches:
            finish_batch(self.context, batch_id)


@contextmanager
def crashing(store: Store, *, after: int) -> Iterator[None]:
    """Let every commit fail but the first ones."""
    commits = count()

    def crash(_connection: Any) -> None:
        if next(commits) >= after:
            raise Crash

    engines = [engine for engine in (store.engine, store.lazy_engine) if engine is not None]
    for engine in engines:
        event.listen(engine, "commit", crash)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "commit", crash)
