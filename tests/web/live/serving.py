"""The live application for gunicorn, on the keys of one test worker."""

import os

from domain.store.redis import keys

keys.PREFIX = os.environ["LAUREL_TEST_KEY_PREFIX"]

# After the prefix: modules of the store make their keys when they are loaded.
from web.live.app import create_live  # noqa: E402

app = create_live()
