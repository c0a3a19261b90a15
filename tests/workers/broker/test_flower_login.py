"""The login of Flower, from the same places as every other setting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
READ = """
import flower.options
from tornado.options import options
options.parse_config_file({path!r})
print(options.basic_auth)
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", "[]"),
        ("FLOWER_BASIC_AUTH=ann:first-password", "['ann:first-password']"),
        ("FLOWER_BASIC_AUTH=ann:first,bob:second", "['ann:first', 'bob:second']"),
    ],
)
def test_a_login_in_the_file_of_settings_protects_flower(
    tmp_path: Path, line: str, expected: str
) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    read = subprocess.run(
        [sys.executable, "-c", READ.format(path=str(ROOT / "flowerconfig.py"))],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "LAUREL_ENV": "development",
            "DATABASE_URL": "postgresql://laurel@127.0.0.1:1/laurel",
            "JWT_SECRET": "a-secret-of-development",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.stdout.strip() == expected, read.stderr
