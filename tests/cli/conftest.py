"""The application with the operators' commands, on the real stores."""

import pytest
from flask import Flask

from cli.registry import register_commands
from domain.settings import Settings
from domain.store.store import Store
from tests.workers.conftest import broker
from web.app import create_app

__all__ = ["broker"]


@pytest.fixture
def app(settings: Settings, store: Store, broker: None) -> Flask:
    """The application as the `flask` command has it."""
    app = create_app(settings, store)
    register_commands(app)
    return app
