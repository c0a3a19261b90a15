"""How a process refuses to start: the reasons on stderr and an exit code, without a traceback.

Wrapped around the start of every process: the factories in `wsgi.py`, gunicorn's and Celery's
settings, the keeper, Alembic. Imports nothing that gevent has to patch first.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import SettingsError

# gunicorn's WORKER_BOOT_ERROR: with any other code its master would start one worker after another.
EXIT_CODE = 3


@contextmanager
def exit_on_bad_settings() -> Iterator[None]:
    """Turn a SettingsError of the block into its message on stderr and SystemExit(EXIT_CODE).

    SystemExit rather than a return value: Celery logs any Exception of its signal handlers and
    goes on.
    """
    try:
        yield
    except SettingsError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.stderr.flush()
        raise SystemExit(EXIT_CODE) from None
