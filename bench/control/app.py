"""The control's Celery application; two solo workers run it, as the product has two.

The settings are the product's, where an ordinary project's would be slower or lose messages; its
transport and its queues without acknowledgements are not.
"""

import os

import redis
import sqlalchemy
from celery import Celery

import celeryconfig

PREFIX = "bench-control:"
QUEUE = "control"

app = Celery("control")
app.config_from_object(celeryconfig)
app.conf.update(
    imports=("bench.control.tasks",),
    broker_transport=None,
    task_queues=None,
    task_default_queue=QUEUE,
    task_routes={},
    beat_schedule={},
    broker_transport_options={
        **celeryconfig.broker_transport_options,
        "global_keyprefix": PREFIX,
    },
)


def make_engine() -> sqlalchemy.Engine:
    """Return a pool of connections to the stack's PostgreSQL."""
    address = os.environ["DATABASE_URL"].partition("://")[2]
    return sqlalchemy.create_engine(f"postgresql+psycopg2://{address}")


def make_redis() -> redis.Redis:
    """Return a client of the stack's Valkey."""
    return redis.Redis.from_url(os.environ["REDIS_URL"])
