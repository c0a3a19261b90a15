"""`run.py client-models`: make the models of the Python client out of the API's description."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.errors import LocalError

MODELS = Path("clients/python/src/laurel_client/models.py")
HEADER = '''"""The answers of the API, made by `python3 run.py client-models`; do not edit."""
'''
# In a process of its own: tools do not import what runs.
_PRINT_OPENAPI = """
import sys
from web.http.responses import dump_json
from web.routes.describing.openapi import make_openapi
from web.routes.table import OPERATIONS
sys.stdout.buffer.write(dump_json(make_openapi(OPERATIONS)))
"""
OPTIONS = (
    "--input-file-type=openapi",
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-python-version=3.11",
    "--snake-case-field",
    "--allow-population-by-field-name",
    "--extra-fields=ignore",  # a newer server may say more
    "--use-standard-collections",
    "--use-union-operator",
    "--use-schema-description",
    "--use-field-description",
    "--use-annotated",
    "--collapse-root-models",
    "--disable-timestamp",
    "--formatters=builtin",
)


def main(root: Path, arguments: Sequence[str]) -> int:
    """Write the models; return 0. Raises LocalError when they cannot be made."""
    parser = argparse.ArgumentParser(
        prog="python3 run.py client-models",
        description="Make the models of the Python client out of the API's description.",
    )
    parser.parse_args(arguments)
    (root / MODELS).write_text(make_models(root))
    print(f"{MODELS} is up to date.")
    return 0


def make_models(root: Path) -> str:
    """Return the source of the models. Raises LocalError with the generator's messages."""
    described = _run(root, sys.executable, "-c", _PRINT_OPENAPI)
    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder, "openapi.json"), Path(folder, "models.py")
        given.write_text(json.dumps(_loosen(json.loads(described))))
        codegen = str(Path(sys.executable).with_name("datamodel-codegen"))
        _run(root, codegen, f"--input={given}", f"--output={made}", *OPTIONS)
        lines = made.read_text().splitlines(keepends=True)
    start = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    return _format(root, HEADER + "".join(lines[start:]))


def _loosen(node: Any) -> Any:
    """Return the description without lists of values: a newer server may say others."""
    if isinstance(node, dict):
        return {
            name: _loosen(inner)
            for name, inner in node.items()
            if name != "enum" or not isinstance(inner, list)
        }
    return [*map(_loosen, node)] if isinstance(node, list) else node


def _format(root: Path, source: str) -> str:
    ruff = str(Path(sys.executable).with_name("ruff"))
    return _run(root, ruff, "format", "-", given=source)


def _run(root: Path, *command: str, given: str | None = None) -> str:
    done = subprocess.run(
        command, cwd=root, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise LocalError(f"the models could not be made:\n  {done.stderr.strip()[-1500:]}")
    return done.stdout
