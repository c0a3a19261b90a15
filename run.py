"""The one command of a checkout: makes `.venv`, then hands over to the package `local` in it.

Everything here must parse and run on any Python with the standard library alone, so that an
old interpreter gets a sentence and not a traceback. What the commands do lives in `local/`.
"""

import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        "Laurel needs Python {}.{} or newer; this is {}.{}. Run it again with a newer one,"
        " for example: python3.12 run.py".format(*(OLDEST + sys.version_info[:2]))
    )

from local import bootstrap  # noqa: E402 - only after the version is known to be new enough

if __name__ == "__main__":
    sys.exit(bootstrap.main(ROOT, sys.argv[1:]))
