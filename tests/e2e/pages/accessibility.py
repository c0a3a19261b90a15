"""Checks a page with axe-core: WCAG 2.2 AA and good practice, in light and in dark."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What moves is judged where it comes to rest; an animation without an end has none.
_REST = """() => document.getAnimations().forEach((animation) => {
    try { animation.finish(); } catch { animation.cancel(); }
})"""


def assert_accessible(page: Page, within: str = "html") -> None:
    """Assert that axe finds nothing wrong with what the page shows now, in light and in dark.

    `within` is the selector of the part that is looked at.
    """
    page.evaluate(_read_axe())
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.evaluate(_REST)
        found += [f"{scheme}: {line}" for line in _run(page, within)]
    page.emulate_media(color_scheme=None)
    assert not found, "\n".join(found)


def _run(page: Page, within: str) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": TAGS}, "preload": False}
    script = f"axe.run({json.dumps(within)}, {json.dumps(options)})"
    result: dict[str, Any] = page.evaluate(script)
    # Of no rule at all nothing could be wrong.
    assert result["passes"], "axe has checked nothing"
    return [_describe(violation) for violation in result["violations"]]


def _describe(violation: dict[str, Any]) -> str:
    places = "; ".join(
        f"{' '.join(map(str, node['target']))} ({node['failureSummary']})"
        for node in violation["nodes"]
    )
    return f"{violation['id']}: {violation['help']}: {places}"


@cache
def _read_axe() -> str:
    return AXE.read_text(encoding="utf-8")
