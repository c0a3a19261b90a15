"""Celery's settings, read by every process that imports `workers.celery`.

Each value has its reason; a few are the defaults, named because other code relies on them.
"""

from celery.schedules import crontab
from kombu import Exchange, Queue

from domain.settings import settings_of_process
from domain.store.redis import keys
from workers.process.startup import exit_on_bad_settings
from workers.transport import make_broker_url, use_transport_for_redis

with exit_on_bad_settings():
    _settings = settings_of_process()

# `broker_transport` is not set: Flower knows the kind of a broker by the name of its transport.
use_transport_for_redis()
broker_url = make_broker_url(_settings.redis_url)
# A message is only a hint to look: the stage of a batch is in PostgreSQL, so results need no store.
result_backend = None
task_ignore_result = True

# The modules that define tasks or connect to signals.
imports = ("workers.lifecycle", "workers.tasks", "workers.scheduled_tasks")
# Two queues, each with its worker processes: archiving must not delay the chain.
task_default_queue = "actions"
task_routes = {
    "workers.tasks.*": {"queue": "actions"},
    "workers.scheduled_tasks.*": {"queue": "maintenance"},
}
# Declared for Flower, which otherwise only knows the queues of workers that started before it.
# A message of the chain is not acknowledged: when it is lost with its worker, the keeper resubmits
# the batch long before the broker would redeliver the message.
task_queues = [
    Queue("actions", Exchange("actions"), routing_key="actions", no_ack=True),
    Queue("maintenance", Exchange("maintenance"), routing_key="maintenance"),
]

# JSON is Celery's default for both; named because a pickle from the broker would run as code.
task_serializer = "json"
accept_content = ["json"]
# The schedule of beat, and the times in events, are in UTC whatever the machine's zone is.
timezone = "UTC"

# A maintenance task that dies with its worker is delivered again; every task may run twice.
task_acks_late = True
task_reject_on_worker_lost = True
# One message in work and one that waits: more would sit in a worker while another one is idle.
worker_prefetch_multiplier = 2
# SIGTERM lets a running task end, however long it takes; SIGQUIT gives it 10 s instead of none.
worker_soft_shutdown_timeout = 10.0
# A task that runs when Redis goes away may finish: its work is in PostgreSQL, exactly once.
worker_cancel_long_running_tasks_on_connection_loss = False
# `workers/lifecycle.py` sets up the log.
worker_hijack_root_logger = False
# Flower shows these events; `workers/link_task.py` leaves some out.
worker_send_task_events = True
# Off, as by default: one more publish for every task, to show what `received` shows a moment later.
task_send_sent_event = False

# A worker that starts before Redis waits for it, and one that loses it never gives up.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# An error that Redis answers is an outage too: by default it would end the worker.
broker_channel_error_retry = True
# What Celery publishes, a retry for instance: one quick try more, after which the keeper finishes
# the batch. `workers/link_task.py` publishes the next link.
task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.1}
broker_transport_options = {
    # Every key of ours has the prefix, so that one Redis can serve several projects.
    "global_keyprefix": keys.broker_prefix(),
    # Messages that were not acknowledged are redelivered after 60 s instead of an hour. It may be
    # too early: a second copy of a message does nothing.
    "visibility_timeout": 60,
    # Look for such messages every 2 s instead of about every 100 s.
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # A Redis that hangs is noticed in 5 s; without a timeout, never.
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    # A connection that was idle for 10 s (by default 25) is pinged before it is used.
    "health_check_interval": 10,
    # The body is JSON text; base64 would make each message a third larger.
    "body_encoding": None,
    # One list for each queue instead of four: messages have no priorities.
    "priority_steps": [0],
}

# Each message expires when the next one is due: tasks that pile up would do nothing new.
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
    "delete-unseen-clients": {
        "task": "workers.scheduled_tasks.delete_unseen_clients",
        "schedule": crontab(hour=4, minute=17),
        "options": {"expires": 3600},
    },
}
