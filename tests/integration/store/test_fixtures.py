"""What the other tests rely on: clean stores for each test worker, and sound factories."""

from sqlalchemy import text

from domain.settings import Settings
from domain.store.store import Store
from tests.conftest import Stores, clean, flush
from tests.factories import make_action, make_player, make_settings


def test_both_stores_are_emptied_between_tests(store: Store, stores: Stores) -> None:
    player = make_player(store, score=70, reached_seq=1)
    store.redis.run(lambda client: client.set("left-over", "1"))
    with store.write() as connection:
        row = connection.execute(text("SELECT user_id, score FROM user_scores")).one()
    assert (row.user_id, row.score) == (player.user_id, 70)

    clean(store.engine)
    flush(stores.redis_url)

    with store.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 0
        assert connection.execute(text("SELECT nextval('action_no_seq')")).scalar_one() == 1
        assert connection.execute(text("SELECT seq FROM audit_head")).scalar_one() == 0
    assert store.redis.run(lambda client: client.dbsize()) == 0


def test_settings_point_to_the_stores_of_the_worker(settings: Settings, store: Store) -> None:
    with store.write() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
    assert settings.sqlalchemy_url.endswith(f"/{name}")
    assert settings.laurel_env == "test"


def test_overrides_reach_the_thing_made() -> None:
    assert make_settings(max_waiters=3).max_waiters == 3
    assert make_action(score=7).score == 7
