"""The product's worker of the chain with a test's keys and faults: `python -m` this."""

import os
import sys

from tests.workers.sabotage import prepare

prepare(os.environ)

from workers.consumer import main  # noqa: E402 - its settings are read with the test's keys

if __name__ == "__main__":
    sys.exit(main(["actions"]))
