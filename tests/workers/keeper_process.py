"""The product's keeper with a test's keys and faults: `python -m` this."""

import os
import sys

from tests.workers.sabotage import prepare
from workers.keeper import main

if __name__ == "__main__":
    prepare(os.environ)
    sys.exit(main())
