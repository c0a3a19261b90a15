"""A lost answer: the command was executed, and the client gets an error."""

from collections.abc import Iterator

import psycopg2
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from domain.store.store import Store
from faults.proxy import Proxy
from tests.conftest import Stores


@pytest.fixture
def redis_proxy(store: Store, stores: Stores) -> Iterator[Proxy]:
    proxy = Proxy(stores.redis_url)
    yield proxy
    proxy.close()


@pytest.fixture
def postgres_proxy(stores: Stores) -> Iterator[Proxy]:
    proxy = Proxy(stores.database_url)
    yield proxy
    proxy.close()


def test_a_redis_command_whose_answer_is_lost_was_executed(
    redis_proxy: Proxy, stores: Stores
) -> None:
    with (
        Redis.from_url(redis_proxy.url, retry=Retry(NoBackoff(), 0)) as client,
        Redis.from_url(stores.redis_url) as direct,
    ):
        client.set("counted", 0)
        redis_proxy.lose_answers(lambda request: b"INCR" in request)
        with pytest.raises(RedisConnectionError):
            client.incr("counted")
        assert direct.get("counted") == b"1"
        assert redis_proxy.lost == 1
        redis_proxy.lose_answers(None)
        assert client.get("counted") == b"1"


def test_a_commit_whose_answer_is_lost_was_made(postgres_proxy: Proxy, stores: Stores) -> None:
    direct = psycopg2.connect(stores.database_url)
    direct.autocommit = True
    cursor = direct.cursor()
    cursor.execute("CREATE TABLE noted (number integer)")
    try:
        postgres_proxy.lose_answers(lambda request: b"COMMIT" in request)
        connection = psycopg2.connect(postgres_proxy.url)
        connection.cursor().execute("INSERT INTO noted VALUES (7)")
        with pytest.raises(psycopg2.OperationalError):
            connection.commit()
        cursor.execute("SELECT number FROM noted")
        assert cursor.fetchall() == [(7,)]
    finally:
        cursor.execute("DROP TABLE noted")
        direct.close()
