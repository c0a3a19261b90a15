"""`python -m local.compare_models ROOT` fails when migrations and models differ; see `checks`."""

import sys
from pathlib import Path

from local.migration import alembic_on_throwaway

if __name__ == "__main__":
    sys.exit(alembic_on_throwaway(Path(sys.argv[1]), ["check"]))
