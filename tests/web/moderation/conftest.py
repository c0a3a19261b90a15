"""A moderator, and a context of the pipeline with a trusted board."""

from collections.abc import Callable
from uuid import UUID

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from tests.integration.moderation.moderating import MODERATOR, OTHER
from tests.web.http.bodies import Headers
from workers.context import WorkerContext


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker's context with a trusted board."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    return worker_context


@pytest.fixture
def moderator(bearer: Callable[..., Headers]) -> Headers:
    """The headers of a moderator."""
    return bearer(UUID(MODERATOR), roles=["moderator"])


@pytest.fixture
def other(bearer: Callable[..., Headers]) -> Headers:
    """The headers of another moderator."""
    return bearer(UUID(OTHER), roles=["moderator"])
