"""Celery's settings, as `celery -A workers …` reads them; why: docs/architecture.md."""

from celery.schedules import crontab
from kombu import Exchange, Queue

from domain.settings import settings_of_process
from domain.store.redis import keys
from workers.startup import exit_on_bad_settings

with exit_on_bad_settings():
    _settings = settings_of_process()

broker_url = _settings.redis_url
broker_transport = "workers.transport:Transport"
# A message is a hint to look, and how far a batch is stands in PostgreSQL: nothing to store here.
result_backend = None
task_ignore_result = True

imports = ("workers.lifecycle", "workers.tasks", "workers.scheduled_tasks")
task_default_queue = "actions"
task_routes = {
    "workers.tasks.*": {"queue": "actions"},
    "workers.scheduled_tasks.*": {"queue": "maintenance"},
}
# Named here for Flower, which otherwise knows the queues only of workers that were up before it.
# A batch's message needs no acknowledgement: if it dies with its worker, the keeper comes long
# before the broker would.
task_queues = [
    Queue("actions", Exchange("actions"), routing_key="actions", no_ack=True),
    Queue("maintenance", Exchange("maintenance"), routing_key="maintenance"),
]

task_serializer = "json"
accept_content = ["json"]
timezone = "UTC"

task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 2
worker_soft_shutdown_timeout = 10.0
worker_cancel_long_running_tasks_on_connection_loss = False
worker_hijack_root_logger = False
# What Flower shows.
worker_send_task_events = True
# A publish more for every task, to show what `received` shows a moment later.
task_send_sent_event = False

broker_connection_retry_on_startup = True
broker_connection_max_retries = None
task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
broker_transport_options = {
    "global_keyprefix": keys.broker_prefix(),
    # The keeper, not the broker, meets our deadlines; a late copy of a message does nothing.
    "visibility_timeout": 60,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "body_encoding": None,
    "priority_steps": [0],
}

# A message that nobody took before the next is due is worth nothing.
beat_schedule = {
    "archive-old-actions": {
        "task": "workers.scheduled_tasks.archive_old_actions",
        "schedule": 15.0,
        "options": {"expires": 15},
    },
    "delete-old-batches": {
        "task": "workers.scheduled_tasks.delete_old_batches",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 3600},
    },
    "delete-ended-credentials": {
        "task": "workers.scheduled_tasks.delete_ended_credentials",
        "schedule": crontab(hour=3, minute=47),
        "options": {"expires": 3600},
    },
}
