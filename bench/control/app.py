"""The control's Celery application, run by as many solo workers as the product has.

It uses the product's settings where those of an ordinary project would be slower or lose
messages, but the standard transport and queues with acknowledgements.
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
