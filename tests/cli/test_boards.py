"""`boards list|show|apply|delete`: the plan first, all or nothing, and clear refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import insert, select, text

from domain.store.postgres import tables
from domain.store.postgres.rankings.catalog import read_catalog
from domain.store.store import Store
from tests.rankings import make_unreadable

FILE = """
[[boards]]
id = "run"
title = "Run"
value = "metadata.seconds"
aggregate = "best"
direction = "asc"
where = { "metadata.level" = { min = 5 } }

[[boards]]
id = "cup"
period = { kind = "season", start = 2026-11-01T00:00:00+01:00, end = "2026-12-01T00:00:00Z" }
rewards = [{ ranks = [1, 3], reward = "gold" }]
"""


def run(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=["boards", *arguments], input=typed)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two boards."""
    path = tmp_path / "boards.toml"
    path.write_text(FILE)
    return path


def list_boards(app: Flask) -> dict[str, dict[str, Any]]:
    """Return what `boards list --json` prints, by id."""
    lines = [json.loads(line) for line in run(app, "list", "--json").output.splitlines()]
    return {line["board"]["id"]: line for line in lines}


def build(store: Store) -> None:
    """Let the versions that are being built be the live ones."""
    with store.write() as connection:
        connection.execute(text("UPDATE board_versions SET state = 'live'"))


def test_a_file_is_applied_once_and_then_nothing_is_left_to_do(app: Flask, path: Path) -> None:
    first = run(app, "apply", str(path), "--yes")
    assert first.exit_code == 0, first.output
    assert [line.split()[:2] for line in first.output.splitlines()[:2]] == [
        ["create", "run"],
        ["create", "cup"],
    ]
    made = list_boards(app)
    assert made.keys() == {"global", "run", "cup"}
    assert made["run"]["board"]["where"] == {"metadata.level": {"min": 5}}
    assert made["cup"]["board"]["period"]["start"] == "2026-10-31T23:00:00Z"
    again = run(app, "apply", str(path))
    assert (again.exit_code, again.output.split()) == (0, ["unchanged", "run", "unchanged", "cup"])
    assert list_boards(app) == made


def test_the_plan_says_what_becomes_of_each_board_and_of_which_fields(
    app: Flask, path: Path, store: Store
) -> None:
    run(app, "apply", str(path), "--yes")
    build(store)
    path.write_text(
        FILE.replace('title = "Run"', 'title = "Sprint"').replace(
            'id = "cup"', 'id = "cup"\nties = "dense"\nreaders = "players"'
        )
    )
    changed = run(app, "apply", str(path), "--yes")
    assert changed.output.splitlines()[:2] == [
        f"change     {'run':<32} title",
        f"re-score   {'cup':<32} ties, readers",
    ]
    made = list_boards(app)
    assert (made["run"]["board"]["title"], made["run"]["building"]) == ("Sprint", None)
    assert made["cup"]["building"] == {"version": 2, "progress": 0.0, "error": None}


def test_without_a_yes_it_asks_and_a_no_changes_nothing(app: Flask, path: Path) -> None:
    for typed in ("n\n", ""):
        refused = run(app, "apply", str(path), typed=typed)
        assert refused.exit_code != 0
        assert "create" in refused.output
        assert list_boards(app).keys() == {"global"}
    assert run(app, "apply", str(path), typed="y\n").exit_code == 0
    assert len(list_boards(app)) == 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('aggregate = "best"', 'aggregate = "worst"', "run: aggregate: "),
        ("min = 5", 'min = "five"', "run: where.metadata.level.min: "),
        ('end = "2026-12-01T00:00:00Z"', 'end = "2026-10-01T00:00:00Z"', "cup: period.end: "),
        ('title = "Run"', 'titel = "Run"', "run: titel: "),
        ('id = "cup"', 'id = "run"', "boards[1]: id: "),
        ('id = "cup"', 'id = "global"', "global: id: "),
        ('id = "cup"', "", "boards[1]: id: "),
        ("[[boards]]", "[[boards]", "not TOML"),
        ("[[boards]]", "[[board]]", "[[boards]]"),
        ('title = "Run"', "title = nan", "run: title: "),
        ("start = 2026-11-01T00:00:00+01:00", "start = 2026-11-01", "cup: period.start: "),
    ],
)
def test_a_bad_file_changes_nothing_and_names_board_and_field(
    app: Flask, path: Path, old: str, new: str, said: str
) -> None:
    path.write_text(FILE.replace(old, new))
    refused = run(app, "apply", str(path), "--yes")
    assert (refused.exit_code, said in refused.output) == (2, True), refused.output
    assert "Traceback" not in refused.output
    assert list_boards(app).keys() == {"global"}


def test_a_board_that_may_not_change_so_is_named_and_the_others_stay_too(
    app: Flask, path: Path, store: Store
) -> None:
    run(app, "apply", str(path), "--yes")
    build(store)
    assert run(app, "delete", "cup", "--archive").output == "archived cup\n"
    path.write_text(FILE.replace('title = "Run"', 'title = "Sprint"'))
    refused = run(app, "apply", str(path), "--yes")
    assert (refused.exit_code, "cup: id: " in refused.output) == (2, True)
    assert list_boards(app)["run"]["board"]["title"] == "Run"


def test_a_board_is_shown_and_listed_for_people(app: Flask, path: Path) -> None:
    run(app, "apply", str(path), "--yes")
    shown = json.loads(run(app, "show", "run").output)
    assert shown == list_boards(app)["run"]
    listed = run(app, "list").output.splitlines()
    assert [line.split()[0] for line in listed] == ["global", "cup", "run"]
    assert "(version 1: 0% built)" in listed[2]


def test_a_board_is_deleted_and_one_with_seals_only_archived(
    app: Flask, path: Path, store: Store
) -> None:
    run(app, "apply", str(path), "--yes")
    assert run(app, "delete", "cup").output == "deleted cup\n"
    with store.write() as connection:
        number = select(tables.board_versions.c.version_no).where(
            tables.board_versions.c.board_id == "run"
        )
        values = {"version_no": number.scalar_subquery(), "period_key": "2026", "segment": ""}
        connection.execute(insert(tables.rankings).values(revision=1, **values))
    refused = run(app, "delete", "run")
    assert (refused.exit_code, "--archive" in refused.output) == (2, True)
    assert run(app, "delete", "run", "--archive").exit_code == 0
    states = {name: found["state"] for name, found in list_boards(app).items()}
    assert states == {"global": "live", "cup": "deleting", "run": "archived"}


@pytest.mark.parametrize("arguments", [("show", "none"), ("show", "A B"), ("delete", "none")])
def test_an_unknown_board_is_one_line(app: Flask, arguments: tuple[str, str]) -> None:
    failed = run(app, *arguments)
    assert (failed.exit_code, failed.output) == (2, "Error: There is no such board\n")


def test_the_fixed_board_is_not_deleted(app: Flask) -> None:
    failed = run(app, "delete", "global")
    assert (failed.exit_code, "cannot be changed" in failed.output) == (2, True)


def test_a_board_that_is_not_understood_is_listed_shown_and_archived(
    app: Flask, path: Path, store: Store
) -> None:
    run(app, "apply", str(path), "--yes")
    build(store)
    make_unreadable(store, "run")
    said = "Version 1 of the board run is not understood: timeZone"
    listed = run(app, "list")
    assert (listed.exit_code, len(listed.output.splitlines())) == (0, 3)
    (line,) = [line for line in listed.output.splitlines() if line.startswith("run ")]
    assert line.split(maxsplit=3) == ["run", "live", "v1", said]
    assert json.loads(run(app, "show", "run").output)["error"] == said
    refused = run(app, "apply", str(path), "--yes")
    assert (refused.exit_code, said in refused.output) == (2, True)
    assert run(app, "delete", "run", "--archive").output == "archived run\n"
    assert list_boards(app)["run"]["state"] == "archived"
    with store.write() as connection:
        assert [version.definition.id.slug for version in read_catalog(connection)[1]] == ["cup"]
