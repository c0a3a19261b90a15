"""The settings' pages say what the settings are."""

from tests.guards.settings_docs import EXAMPLE, TABLE, write_example, write_table

REMEDY = "run `python -m tests.guards.settings_docs`"


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert TABLE.read_text() == write_table(), REMEDY


def test_the_example_environment_has_every_setting() -> None:
    assert EXAMPLE.read_text() == write_example(), REMEDY
