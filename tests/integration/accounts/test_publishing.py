"""Names are shown after the commit, and nothing that happens then undoes it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from structlog.testing import capture_logs

from domain.accounts.publishing import show_name
from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.store import connect


def test_showing_a_name_does_not_fail_while_the_database_is_away(settings: Settings) -> None:
    nowhere = connect(replace(settings, database_url="postgresql://127.0.0.1:1/none"))
    with capture_logs() as logs:
        show_name(nowhere, board=GLOBAL_BOARD, user_id=uuid4(), now=datetime.now(UTC))
    assert [entry["cause"] for entry in logs] == ["DatabaseUnavailableError"]
    nowhere.close()
