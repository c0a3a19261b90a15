"""The Celery application, found by `celery -A workers …`."""

from celery import Celery

from workers.base_task import LaurelTask

app = Celery("laurel", task_cls=LaurelTask)
app.config_from_object("celeryconfig")
