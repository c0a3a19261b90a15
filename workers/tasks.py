"""The tasks of the chain, one made for each link: `workers.tasks.screen_batch` and so on."""

from typing import Any
from uuid import UUID

from domain.actions.chain import CHAIN, Link
from workers.base_task import LaurelTask
from workers.celery import app
from workers.chain import run_link
from workers.context import get_context


def _make_task(link: Link) -> LaurelTask:
    def run(*, batch_id: str, **_: Any) -> None:
        run_link(get_context(), link=link, batch_id=UUID(batch_id))

    run.__name__ = f"{link.name}_batch"
    run.__doc__ = f"Run the link `{link.name}` for a batch."
    return app.task(name=f"{__name__}.{run.__name__}")(run)


TASKS = {link: _make_task(link) for link in CHAIN}
