"""The live application for gunicorn, on the keys of one test worker."""

import os

from domain.settings import load_settings
from domain.store import keys

keys.PREFIX = os.environ["LAUREL_TEST_KEY_PREFIX"]

# After the prefix: modules of the store make their keys when they are loaded.
from domain.store.connections import connect  # noqa: E402
from web.live.app import create_live_app  # noqa: E402

settings = load_settings(os.environ)
app = create_live_app(settings, connect(settings, pool_size=4))
