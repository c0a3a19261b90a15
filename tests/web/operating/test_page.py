"""The page for operators knows every part of health, and names settings and metrics that exist."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from domain.settings import Settings

FOLDER = Path(__file__).parents[3] / "web" / "pages" / "static" / "ops"
# Words in capitals that are no settings.
OTHERS = {"TOKEN_EXPIRED"}


def read(name: str) -> str:
    return (FOLDER / name).read_text()


def test_every_part_of_health_has_a_name_and_advice(client: FlaskClient) -> None:
    parts: dict[str, Any] = client.get("/health").get_json()["parts"]
    known = re.findall(r'^  (\w+): \["[^"]+", "[^"]{20,}"\],$', read("health.js"), re.MULTILINE)
    assert set(known) == parts.keys()


def test_every_setting_that_is_named_exists() -> None:
    settings = {field.name.upper() for field in fields(Settings)}
    code = "".join(path.read_text() for path in FOLDER.glob("*.js"))
    constants = set(re.findall(r"const ([A-Z_]+) =", code))
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", code)) - constants - OTHERS
    assert named
    assert named <= settings


def test_every_card_says_what_it_is_and_what_to_do() -> None:
    text = read("cards.js")
    ids = re.findall(r'^    id: "(\w+)",$', text, re.MULTILINE)
    assert len(ids) == len(set(ids)) >= 10
    for line in ("says", "bad"):
        assert len(re.findall(rf'^    {line}: "[^"]{{30,}}",$', text, re.MULTILINE)) == len(ids)
