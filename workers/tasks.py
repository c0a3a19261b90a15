"""The tasks of the chain, one made for each link: `workers.tasks.screen_batch` and so on."""

from typing import Any
from uuid import UUID

from domain.actions.chain import CHAIN, Link
from workers.celery import app
from workers.chain import run_link
from workers.context import get_context
from workers.link_task import LinkTask
from workers.messages.chain_messages import task_name


def _make_task(link: Link) -> LinkTask:
    def run(*, batch_id: str, **_: Any) -> str:
        return run_link(get_context(), link=link, batch_id=UUID(batch_id)).value

    run.__name__ = f"{link.name}_batch"
    run.__doc__ = f"Run the link `{link.name}` for a batch."
    task: LinkTask = app.task(base=LinkTask, name=task_name(link), link=link)(run)
    return task


TASKS = {link: _make_task(link) for link in CHAIN}
