"""The two kinds of web process as factories; `wsgi.py` names them for the servers."""

import os

from flask import Flask

from domain.settings import Settings, load_settings
from domain.store.connections import Store, connect
from web.auth import TokenVerifier
from web.errors import register_error_handlers
from web.gate import register_gate
from web.headers import register_headers
from web.routes import actions
from web.runtime import Runtime
from web.services import EXTENSION, Services, Submitter

BLUEPRINTS = (actions.blueprint,)


def create_app(
    settings: Settings | None = None,
    store: Store | None = None,
    batcher: Submitter | None = None,
) -> Flask:
    """Return the API's application; what is not given is made from the environment."""
    settings = settings or load_settings(os.environ)
    store = store or connect(settings, pool_size=settings.database_pool_size)
    app = Flask("web", static_folder=None)
    # Two slashes are not one here: a redirect would turn a POST's error into something else.
    app.url_map.merge_slashes = False
    app.extensions[EXTENSION] = Services(
        settings=settings,
        store=store,
        verifier=TokenVerifier(settings, store),
        batcher=batcher or _make_batcher(settings, store),
    )
    register_error_handlers(app)
    register_gate(app)
    register_headers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app


def _make_batcher(settings: Settings, store: Store) -> Submitter:
    return Runtime(settings, store).batcher
