"""Tasks and queues: what is sent is consumed, and old workers survive new publishers."""

import inspect
import re
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import pytest
from celery import Task

from domain.actions.chain import CHAIN, Stage, list_finished_stages
from tests.conftest import Stores
from tests.factories import make_settings
from tests.workers.processes import make_environment
from workers import scheduled_tasks
from workers.celery import app
from workers.chain import RUNNERS
from workers.consumer import BEAT, QUEUES
from workers.tasks import TASKS

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def environment(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that celeryconfig reads at its first use."""
    settings = make_settings(database_url=stores.database_url, redis_url=stores.redis_url)
    for name, value in make_environment(settings).items():
        monkeypatch.setenv(name, value)


def list_tasks() -> list[Task]:
    """Return every task that our modules define."""
    scheduled = [value for value in vars(scheduled_tasks).values() if isinstance(value, Task)]
    found = [*TASKS.values(), *scheduled]
    assert len(found) >= 8
    return found


def find_queue(task: Task) -> str:
    queues = [
        route["queue"]
        for pattern, route in app.conf.task_routes.items()
        if fnmatch(task.name, pattern)
    ]
    assert len(queues) == 1, f"{task.name} has the routes {queues}"
    return str(queues[0])


def test_every_task_of_ours_is_known_and_has_exactly_one_route() -> None:
    for task in list_tasks():
        assert find_queue(task)
    registered = {name for name in app.tasks if not name.startswith("celery.")}
    assert {task.name for task in list_tasks()} == registered


def test_the_procfile_consumes_exactly_the_queues_that_tasks_are_sent_to() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    started = [
        found[1] for line in lines if (found := re.search(r"workers\.consumer (\w+)$", line))
    ]
    assert sorted(started) == sorted({find_queue(task) for task in list_tasks()} | {BEAT})
    assert set(QUEUES) == {find_queue(task) for task in list_tasks()}


def test_every_task_takes_keywords_only_and_swallows_what_it_does_not_know() -> None:
    for task in list_tasks():
        parameters = list(inspect.signature(task.run).parameters.values())
        kinds = [parameter.kind for parameter in parameters]
        assert kinds[-1] is inspect.Parameter.VAR_KEYWORD, task.name
        assert set(kinds[:-1]) <= {inspect.Parameter.KEYWORD_ONLY}, task.name
        assert all(parameter.annotation is str for parameter in parameters[:-1]), task.name


def test_every_link_has_exactly_one_runner_and_one_task_named_after_it() -> None:
    assert list(RUNNERS) == list(TASKS) == list(CHAIN)
    assert len(set(RUNNERS.values())) == len(CHAIN)
    names = [task.name for task in TASKS.values()]
    assert names == [f"workers.tasks.{link.name}_batch" for link in CHAIN]


def test_every_link_begins_at_the_stage_at_which_the_one_before_it_ends() -> None:
    for link, following in pairwise(CHAIN):
        assert link.after == following.before
    stages = [link.before for link in CHAIN] + list(list_finished_stages())
    assert stages == list(Stage), "no stage without a link, none twice"


def test_no_result_is_stored_and_nothing_but_json_is_taken() -> None:
    assert app.conf.result_backend is None
    assert app.conf.task_ignore_result
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.conf.task_acks_late
