"""Plays on the page `/` as a person does: waits for each light and presses."""

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

# A person reacts in a quarter of a second; the page itself keeps the time, so that a slow machine
# misses no light.
REACTION_MS = 180
PLAY = """reaction => new Promise(done => {
  const pad = document.getElementById("pad");
  const press = () => pad.dispatchEvent(new PointerEvent("pointerdown", {button: 0}));
  new MutationObserver((_, observer) => {
    const { phase } = pad.dataset;
    if (phase === "go") setTimeout(press, reaction);
    if (!["done", "early", "missed"].includes(phase)) return;
    observer.disconnect();
    done(phase);
  }).observe(pad, {attributes: true, attributeFilter: ["data-phase"]});
  press();
})"""
ATTEMPTS = 5


def finish_round(page: Page) -> int:
    """Play until a round is finished; return its points. What becomes of them is not waited for."""
    for _ in range(ATTEMPTS):
        if page.evaluate(PLAY, REACTION_MS) == "done":
            found = re.match(r"(\d+) points", page.locator("#pad-text").inner_text())
            assert found
            return int(found.group(1))
    raise AssertionError("every round was missed")


def play_round(page: Page) -> int:
    """Play a round that counts; return its points."""
    points = finish_round(page)
    expect(page.locator("#own-actions li").first).to_contain_text(f"+{points}")
    expect(page.locator("#own-actions li .chip").first).to_have_text("Applied")
    return points


def read_session(page: Page) -> dict[str, Any]:
    """Return the login that the page has kept in its browser."""
    kept: dict[str, Any] = json.loads(page.evaluate("localStorage.getItem('laurel-session')"))
    return kept


def wait_until_live(page: Page) -> None:
    """Wait until the page says that it is live."""
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=60_000)
