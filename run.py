"""The command of a checkout: creates `.venv`, then runs a command of the package `local` in it.

This file must parse and run on any Python 3 with the standard library alone, so that an old
interpreter prints a message and not a traceback.
"""

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        "Laurel needs Python {}.{} or newer; this is {}.{}. Run it with a newer one,"
        " for example: python3.12 run.py".format(*(OLDEST + sys.version_info[:2]))
    )

from local import bootstrap  # noqa: E402 - after the check of the version

if __name__ == "__main__":
    sys.exit(bootstrap.main(ROOT, sys.argv[1:]))
