"""The chain, pure: one row for each link, and everything that follows from the rows.

Stages, SQL lists, tasks, metrics and the keeper all derive from CHAIN. A new link needs one member
of Stage, one row here, and one runner in `workers/chain.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a batch is: each link moves it from the link's `before` to its `after`."""

    ACCEPTED = "accepted"
    SCREENED = "screened"
    SCORED = "scored"
    REFRESHED = "refreshed"
    AUDITED = "audited"
    DONE = "done"
    SPLIT = "split"
    """Taken apart by the keeper: other batches have its actions now."""


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the chain.

    `is_counted`: an action can poison the link, so attempts are counted; every other link never
    fails an action. `needs_redis`: the link can do nothing while Redis is away.
    """

    name: str
    before: Stage
    after: Stage
    is_counted: bool = False
    needs_redis: bool = False


SCREEN = Link("screen", Stage.ACCEPTED, Stage.SCREENED, is_counted=True)
SCORE = Link("score", Stage.SCREENED, Stage.SCORED, is_counted=True)
REFRESH = Link("refresh", Stage.SCORED, Stage.REFRESHED, needs_redis=True)
AUDIT = Link("audit", Stage.REFRESHED, Stage.AUDITED)
BROADCAST = Link("broadcast", Stage.AUDITED, Stage.DONE, needs_redis=True)

Chain = Sequence[Link]
CHAIN: Chain = (SCREEN, SCORE, REFRESH, AUDIT, BROADCAST)
FIRST_STAGE = CHAIN[0].before


def list_links_from(stage: Stage, chain: Chain = CHAIN) -> Chain:
    """Return the links that a batch at `stage` still needs; none when it is finished."""
    for index, link in enumerate(chain):
        if link.before == stage:
            return chain[index:]
    return ()


def list_finished_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages that no link takes a batch on from."""
    return (chain[-1].after, Stage.SPLIT)


def list_unscored_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages before the scores are written: such batches make the queue's age."""
    return tuple(link.before for link in chain[: chain.index(SCORE) + 1])


def list_audited_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages at which the audit log has every final transition of the batch."""
    rest = list_links_from(AUDIT.after, chain)
    return (*(link.before for link in rest), *list_finished_stages(chain))


def list_passed_stages(link: Link, chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages of a batch that has passed `link` and is not finished."""
    return tuple(rest.before for rest in list_links_from(link.after, chain))


def list_open_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages that a link takes a batch on from."""
    return tuple(link.before for link in chain)


def list_counted_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages whose next link counts its attempts."""
    return tuple(link.before for link in chain if link.is_counted)


def list_redis_stages(chain: Chain = CHAIN) -> tuple[Stage, ...]:
    """Return the stages whose next link can do nothing without Redis."""
    return tuple(link.before for link in chain if link.needs_redis)
