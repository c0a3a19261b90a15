"""The page of fraud detection has every check, setting, default and reason, and no others."""

import re
from dataclasses import fields
from pathlib import Path

from domain.fraud.checks.table import CHECKS, REASONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fraud.md").read_text()


def read_table(head: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins so."""
    lines = PAGE[PAGE.index(head) :].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_every_check_has_its_row_with_points_reasons_and_signals() -> None:
    rows = read_table("| check | points |")
    assert [row[0].strip("`") for row in rows] == [check.name for check in CHECKS]
    for check, (_, points, reasons, _, reads) in zip(CHECKS, rows, strict=True):
        assert float(points) == check.points, check.name
        assert tuple(re.findall(r"`(\w+)`", reasons)) == check.reasons
        words = {signal.replace("_", " ") for signal in check.needs}
        assert set(filter(None, reads.split(", "))) == words, check.name


def test_every_setting_has_its_row_with_its_default() -> None:
    named: list[tuple[str, str, float]] = []
    check_name = ""
    for check, setting, default, _ in read_table("| check | setting |"):
        check_name = check.strip("`") or check_name
        named.append((check_name, setting.strip("`"), float(default)))
    assert named == [
        (check.name, setting.name, setting.default)
        for check in CHECKS
        for setting in fields(check.settings)
    ]


def test_the_api_s_page_names_every_reason_that_is_public() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    # What intake refuses already, so that no client sees it of an action.
    assert {reason for reason in REASONS if f"`{reason}`" not in page} <= {"DUPLICATE_ACTION"}
