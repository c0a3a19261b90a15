"""The factories of the API's process, and of its application alone; used by `wsgi.py`."""

from collections.abc import Sequence

from flask import Flask

from domain.accounts.passwords import Passwords
from domain.boards.model import GLOBAL_BOARD
from domain.clients.locating import Locator, open_locator
from domain.logs import configure_logging, make_line_writer
from domain.settings import Settings, settings_of_process
from domain.step_up.cipher import make_cipher
from domain.store.durability import require_durable_server
from domain.store.health import warn_of_eviction
from domain.store.redis import keys
from domain.store.store import Store, connect
from web.access.middleware import AccessMiddleware
from web.access.rate_limits import Limits
from web.access.shared_counters import SharedCounters
from web.access.step_up import StepUpVerifier
from web.access.turns import Turns
from web.access.verifier import TokenVerifier
from web.boards.cached_top import CachedTop
from web.boards.directory import BoardDirectory
from web.boards.row_encoding import TopEncoder
from web.health.kept_answer import KeptAnswer
from web.health.probes import ListThreads, make_probes
from web.health.readiness import Readiness
from web.http.access_log import make_access_log
from web.http.errors import register_error_handlers
from web.http.headers import register_headers
from web.http.origins import AllowedOrigins
from web.http.request_context import add_request_id, register_context
from web.intake.batcher import Batcher
from web.intake.claims import ClaimFollower
from web.intake.clients import CallerClients
from web.intake.commit_watchdog import CommitWatchdog
from web.intake.queue_age import QueueAge
from web.intake.redis_watchdog import RedisWatchdog
from web.intake.submitter import Submitter
from web.metrics import batch_size, register_metrics
from web.pages.error_pages import show_error
from web.routes.table import OPERATIONS
from web.server.background import Background
from web.server.flask_app import Api
from web.server.lean import register_lean_dispatch
from web.server.rsgi import RsgiServer
from web.server.subscriber import Subscriber
from web.services import EXTENSION, ActionSubmitter, NoIntake, Services
from workers.broker import submit_batch
from workers.process.background import BackgroundThread

API = "api"


def create_api() -> RsgiServer:
    """Return the server of the API, made from the environment; raises SettingsError."""
    settings = _read_settings()
    store = _connect(settings)
    services, background = _make_services_with_intake(settings, store)
    return RsgiServer(_make_app(services), background)


def create_app(
    settings: Settings | None = None,
    store: Store | None = None,
    batcher: ActionSubmitter | None = None,
) -> Flask:
    """Return the API's application alone; settings and store are by default the environment's.

    Nothing runs in the background, and without a batcher no action is taken: this is for command
    lines and tests.
    """
    settings = settings or _read_settings()
    store = store or _connect(settings)
    return _make_app(_make_services(settings, store, batcher or NoIntake()))


def _read_settings() -> Settings:
    settings = settings_of_process()
    configure_logging(settings, API, processors=[add_request_id])
    return settings


def _connect(settings: Settings) -> Store:
    store = connect(settings, pool_size=settings.database_pool_size)
    require_durable_server(settings, store)
    warn_of_eviction(store.redis)
    return store


def _make_app(services: Services) -> Flask:
    app = Api("web", OPERATIONS)
    app.extensions[EXTENSION] = services
    register_error_handlers(app, show_error)
    middleware = AccessMiddleware(
        limits=services.limits,
        verifier=services.verifier,
        trusted_hops=services.settings.trusted_proxy_hops,
    )
    app.gates.append(middleware.check)
    register_metrics(app)
    write_line = make_line_writer(services.settings, API, "request")
    app.observers.append(make_access_log(write_line, sample=services.settings.access_log_sample))
    # From the inside out.
    register_lean_dispatch(app)
    register_headers(app, origins=AllowedOrigins(services.settings))
    register_context(app)
    return app


def _make_services(
    settings: Settings,
    store: Store,
    batcher: ActionSubmitter,
    *,
    counters: SharedCounters | None = None,
    required_threads: Sequence[BackgroundThread] = (),
    list_threads: ListThreads = tuple,
) -> Services:
    """Return the services; the threads are those of the background, which health shows."""
    verifier = TokenVerifier(settings, store)
    takes_actions = not isinstance(batcher, NoIntake)
    locator = open_locator(settings.geoip_db) if takes_actions else Locator()
    cipher = make_cipher(settings)
    return Services(
        settings=settings,
        store=store,
        verifier=verifier,
        limits=Limits(settings, counters or SharedCounters(store.redis)),
        passwords=Passwords(),
        turns=Turns(),
        cipher=cipher,
        step_up=StepUpVerifier(store, cipher),
        batcher=batcher,
        claims=ClaimFollower(store, GLOBAL_BOARD),
        clients=CallerClients(settings, locator),
        board=GLOBAL_BOARD,
        cached_top=CachedTop(store, GLOBAL_BOARD),
        boards=BoardDirectory(store),
        top_encoder=TopEncoder(),
        readiness=Readiness(store, required_threads),
        probes=make_probes(settings, store, verifier, list_threads, locator),
        numbers_of_now=KeptAnswer(),
    )


def _make_intake(settings: Settings, store: Store) -> tuple[Batcher, Submitter, QueueAge]:
    """Return a batcher that publishes its batches, and what it works with."""
    queue_age = QueueAge(store, max_seconds=settings.max_queue_age_seconds)
    submitter = Submitter(
        submit_batch, on_unpublished=lambda batch_id: batcher.pending.give_up(batch_id)
    )
    batcher = Batcher(
        settings,
        store,
        submitter.enqueue,
        board=GLOBAL_BOARD,
        is_overdue=queue_age.refuses,
        observe_batch=batch_size.observe,
    )
    return batcher, submitter, queue_age


def _make_services_with_intake(settings: Settings, store: Store) -> tuple[Services, Background]:
    """Return services that accept actions, and the background services that this takes."""
    batcher, submitter, queue_age = _make_intake(settings, store)
    counters = SharedCounters(store.redis)
    services = _make_services(
        settings,
        store,
        batcher,
        counters=counters,
        required_threads=(batcher.thread,),
        list_threads=lambda: background.threads,
    )

    batcher.pending.on_results(services.cached_top.on_results)

    def lose_bus() -> None:
        # What is published until the subscription is back is lost, replies too.
        batcher.pending.give_up_all()
        services.cached_top.on_lost()

    subscriber = Subscriber(
        store.redis,
        {
            keys.replies(batcher.reply_to): batcher.pending.receive_replies,
            keys.bus_channel(services.board): services.cached_top.on_message,
            keys.revocation_channel(): services.verifier.look_soon,
        },
        on_connected=services.cached_top.on_connected,
        on_lost=lose_bus,
    )
    background = Background(
        subscriber,
        services=(
            *services.verifier.background,
            services.claims,
            counters,
            queue_age,
            RedisWatchdog(store.redis, batcher.pending),
            CommitWatchdog(store, commit_wait_seconds=settings.commit_wait_seconds),
            submitter,
            batcher,
        ),
    )
    return services, background
