"""`python -m devtools.compare_models ROOT` fails when migrations and models differ."""

import sys
from pathlib import Path

from devtools.migration import alembic_on_throwaway

if __name__ == "__main__":
    sys.exit(alembic_on_throwaway(Path(sys.argv[1]), ["check"]))
