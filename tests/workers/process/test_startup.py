"""How a process refuses to start."""

import pytest

from domain.errors import LaurelError, SettingsError
from workers.process.startup import EXIT_CODE, exit_on_bad_settings


def test_bad_settings_end_the_process_with_their_reasons_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended, exit_on_bad_settings():
        raise SettingsError(["PORT: is wrong", "DEBUG: is on in production"])
    assert ended.value.code == EXIT_CODE
    assert ended.value.__suppress_context__
    assert capsys.readouterr().err == (
        "Laurel cannot start with these settings:\n  PORT: is wrong\n  DEBUG: is on in production\n"
    )


def test_any_other_error_passes_through() -> None:
    with pytest.raises(LaurelError), exit_on_bad_settings():
        raise LaurelError
