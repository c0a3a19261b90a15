"""`python -m devtools.compare_models ROOT`: fail when the migrations and the models differ."""

import sys
from pathlib import Path

from devtools.migration import alembic_on_temporary_stores

if __name__ == "__main__":
    sys.exit(alembic_on_temporary_stores(Path(sys.argv[1]), ["check"]))
