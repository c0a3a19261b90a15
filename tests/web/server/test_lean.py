"""The lean dispatch: it answers as Flask's dispatch does, whatever it is asked.

The catalogue is sent to two applications that differ in nothing else. (Every other web test speaks
to the lean one.)
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from werkzeug.test import EnvironBuilder, run_wsgi_app

import web.app
from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.errors import DatabaseUnavailableError, OverloadedError
from domain.settings import Settings
from domain.store.store import Store
from tests.factories import make_player
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import BATCH, COMPLETE, Headers, applied, make_body
from tests.web.http.test_bad_fields import REFUSED
from tests.web.http.test_bad_http import MALFORMED, NOT_AN_ACTION
from web.app import create_app
from web.http.operation import RunsOn
from web.http.responses import Answer
from web.routes.table import OPERATIONS
from web.server.flask_app import Api
from web.services import EXTENSION

BOARD = "/api/leaderboard"
ID = "550e8400-e29b-41d4-a716-446655440000"
PLAYER = UUID("0f9c6a5b-e1d7-4283-94a1-c05d6e7fb823")
SOUND = make_body(actionId=ID)
PAGE = "https://game.example"
Bearer = Callable[..., Headers]
# What differs between any two answers: generated ids, moments, and how long something took.
VARYING = re.compile(rb'req_[0-9a-f]{16}|[0-9-]{10}T[0-9:.]{8,15}(?:Z|\+00:00)|"ms": ?[0-9.]+')


@dataclass(frozen=True)
class Sent:
    """One request; `body` is sent as JSON unless it is bytes, `environ` is as a server makes it."""

    method: str
    path: str
    body: Any = None
    headers: Headers = field(default_factory=dict)
    environ: Headers = field(default_factory=dict)


def post(body: Any, path: str = COMPLETE, **headers: str) -> Sent:
    return Sent("POST", path, body, {name.replace("_", "-"): headers[name] for name in headers})


def get(path: str = BOARD, method: str = "GET", **headers: str) -> Sent:
    return replace(post(None, path, **headers), method=method)


CATALOGUE: dict[str, list[Sent]] = {
    "sound": [
        post(SOUND),
        post(SOUND, path=f"{COMPLETE}?score=999"),
        *(post({**SOUND, "metadata": more}) for more in ({}, {"a": 1.0, "b": [1]}, {"x": "é"})),
        *(post(SOUND, x_request_id=sent) for sent in ("mine-17", "a b", "x" * 65, "")),
        *(
            post(SOUND, prefer=text)
            for text in ("respond-async", "wait=5", "wait=x", "respond-async, wait=99")
        ),
    ],
    "bad bodies": [
        *(post(make_body(**{"actionId": ID, name: value})) for name, value in REFUSED),
        *map(post, (*MALFORMED.values(), *NOT_AN_ACTION.values(), b"x" * 20_000)),
        *(post(SOUND, content_type=kind) for kind in ("", "text/plain", "application/json;x")),
        *(post(SOUND, content_encoding=kind) for kind in ("gzip", "identity", "")),
        replace(post(SOUND), environ={"HTTP_TRANSFER_ENCODING": "chunked"}),
        *(
            replace(post(SOUND), environ={"CONTENT_LENGTH": length})
            for length in ("", "x", "-1", "99999", "0", "²")
        ),
    ],
    "vouched for": [
        *(
            post(body, path, **{name: value})
            for body, path in ((SOUND, COMPLETE), ({"actions": [SOUND, 5]}, BATCH))
            for name in ("x_laurel_signature", "x_totp_code")
            for value in ("", "x", "123456", "keyId=a,timestamp=1,signature=eA==")
        ),
        post(make_body(score=-1), x_laurel_signature="x"),
        post(SOUND, x_totp_code="123456", x_laurel_signature="x"),
    ],
    "callers": [
        *(post(SOUND, origin=page) for page in (PAGE, "https://evil.example", "x")),
        *(
            post(SOUND, authorization=value)
            for value in ("", "Bearer", "Bearer x", "Basic x", "Bearer a b", "Bearer a.b.c")
        ),
        replace(post(SOUND), environ={"REMOTE_ADDR": "192.0.2.7"}),
        replace(post(SOUND, authorization="x"), environ={"REMOTE_ADDR": "192.0.2.7"}),
        *(post(SOUND, x_forwarded_for=text) for text in ("192.0.2.8", "nonsense", "")),
        post(SOUND, forwarded="for=192.0.2.9"),
        *(post(SOUND, user_agent=text) for text in ("Browser/1", "x" * 5000, "")),
        *(post(SOUND, x_client_fingerprint=text) for text in ("device-1", "x" * 200)),
        post(SOUND, cf_ipcountry="DE"),
        post({"actions": [SOUND]}, BATCH, user_agent="Browser/1"),
    ],
    "paths and methods": [
        *(
            get(path, method)
            for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "POST")
            for path in (COMPLETE, BATCH, BOARD)
        ),
        *(
            Sent(method, form.format(path), SOUND)
            for method, path in (("POST", COMPLETE), ("GET", BOARD))
            for form in ("{}/", "/{}", "//host{}", "{}%00", "{}/.", "{};x")
        ),
        post(SOUND, path=COMPLETE.upper()),
        post(SOUND, path="/api/actions/compl%65te"),
    ],
    "batches": [
        *(
            post({"actions": actions}, BATCH)
            for actions in ([SOUND], [SOUND, 5, None, {}, make_body(score=-1)], [], "x", None)
        ),
        post({"actions": [{**SOUND, "userId": str(PLAYER)}]}, BATCH),
        post({"actions": [SOUND] * 1001}, BATCH),
        post({"actions": [SOUND], "more": 1}, BATCH, prefer="wait=3"),
        *(post(raw, BATCH) for raw in (*MALFORMED.values(), b"[" * 100_000)),
    ],
    "boards": [
        get(),
        get(origin=PAGE),
        get(method="OPTIONS", origin=PAGE),
        *(get(if_none_match=tag) for tag in ("*", '"x"', 'W/"x", *', "")),
        *(
            get(f"{BOARD}?{query}")
            for query in (
                *("limit=3", "limit=3", "limit=0", "limit=x", "limit=3&limit=4", "cursor=x", "="),
                *("other=1", "limit=%33", "limit=%ff", "limit=é", "cursor=YjkuMS4w", "limit"),
            )
        ),
    ],
}


def outcome(acceptance: Acceptance, status: Status | None = None) -> Submission:
    result = None if status is None else ActionResult(UUID(ID), status, "SCORE_TOO_HIGH")
    return Submission(UUID(ID), acceptance, result, archived=status is None)


OUTCOMES: list[Submission | Exception] = [
    *(outcome(Acceptance.ACCEPTED, status) for status in Status),
    *map(outcome, Acceptance),
    outcome(Acceptance.DUPLICATE, Status.APPLIED),
    OverloadedError(),
    DatabaseUnavailableError(),
    RuntimeError("secret"),
]


class Both:
    """The same application twice: with the lean dispatch, and without."""

    def __init__(self, ways: list[Api], batcher: RecordingBatcher, read_log: Callable[[], str]):
        self.ways = ways
        self.batcher = batcher
        self._read_log = read_log

    def send(self, sent: Sent, headers: Headers) -> bytes:
        """Send it both ways, check that nothing differs, and return what is the same."""
        lean, plain = (self._describe(app, sent, headers) for app in self.ways)
        assert lean == plain, sent
        return lean

    def _describe(self, app: Api, sent: Sent, headers: Headers) -> bytes:
        """Return status, headers, body, log, counts and actions, without what varies."""
        self.batcher.taken.clear()
        self.batcher.waits.clear()
        self.batcher.clients.clear()
        self._read_log()
        counts = read_counts()
        body, status, named = run_wsgi_app(app, make_environ(sent, headers), buffered=True)
        counted = sorted(read_counts().items() - counts.items())
        counted = [(name, value - counts.get(name, 0)) for name, value in counted]
        taken = [action._replace(request_id="") for action in self.batcher.taken]
        clients = [client and client.facts for client in self.batcher.clients]
        facts = (
            status[:3],
            [*named],
            counted,
            self._list_log(),
            taken,
            clients,
            self.batcher.waits,
        )
        return VARYING.sub(b"~", repr(facts).encode() + b"".join(body))

    def _list_log(self) -> list[dict[str, Any]]:
        """Return the lines of the log; a traceback tells the way, so its last line is enough."""
        lines = [json.loads(line) for line in self._read_log().splitlines() if line[:1] == "{"]
        for line in lines:
            line.pop("ms", None)
            line["exception"] = str(line.get("exception")).rpartition("\n")[2]
        return lines


def make_environ(sent: Sent, headers: Headers) -> dict[str, Any]:
    raw = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
    builder = EnvironBuilder(
        path=sent.path,
        method=sent.method,
        data=raw if sent.body is not None else None,
        headers={"Content-Type": "application/json", **headers, **sent.headers},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )
    return {**builder.get_environ(), **sent.environ}


def read_counts() -> dict[str, float]:
    """Return how many requests and waits were counted, by labels."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for metric in REGISTRY.collect()
        if metric.name.startswith(("laurel_http", "action_completion"))
        for sample in metric.samples
        if sample.name.endswith(("_total", "_count"))
    }


@pytest.fixture
def make_both(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Both]:
    """Make both applications with these settings; their limits' window does not end."""

    def make(**changes: Any) -> Both:
        changed = replace(settings, access_log_sample=1.0, allowed_origins=(PAGE,), **changes)
        ways = []
        for rows in (OPERATIONS, tuple(replace(row, is_lean=False) for row in OPERATIONS)):
            monkeypatch.setattr(web.app, "OPERATIONS", rows)
            app = create_app(changed, store, batcher)
            app.extensions[EXTENSION].limits._counters._clock = lambda: 1e9
            ways.append(app)
        return Both(ways, batcher, lambda: capsys.readouterr().err)

    return make


@pytest.mark.parametrize("kind", CATALOGUE)
@pytest.mark.parametrize("hops", [0, 1])
def test_both_ways_answer_the_same(
    make_both: Callable[..., Both], store: Store, bearer: Bearer, kind: str, hops: int
) -> None:
    for number in range(12):
        make_player(store, username=f"player {number}", score=100 - number, reached_seq=number)
    both, headers = make_both(trusted_proxy_hops=hops), bearer(PLAYER, username="ann")
    answers = [both.send(sent, headers) for sent in CATALOGUE[kind]]
    assert len(set(answers)) > 4, "they differ from each other"


@pytest.mark.parametrize("path", [COMPLETE, BATCH])
def test_both_ways_answer_every_outcome_the_same(
    make_both: Callable[..., Both], batcher: RecordingBatcher, bearer: Bearer, path: str
) -> None:
    both, headers = make_both(), bearer(PLAYER)
    body = SOUND if path == COMPLETE else {"actions": [SOUND]}
    for made in OUTCOMES:

        def answer(_action: NewAction, made: Submission | Exception = made) -> Submission:
            if isinstance(made, Exception):
                raise made
            return made

        batcher.answer = answer
        both.send(post(body, path), headers)
    batcher.answer = applied


@pytest.mark.parametrize("roles", [(), ("service",)])
@pytest.mark.parametrize("sent", [post(SOUND), post({"actions": [SOUND]}, BATCH), get()])
def test_both_ways_count_a_request_once(
    make_both: Callable[..., Both], bearer: Bearer, sent: Sent, roles: tuple[str, ...]
) -> None:
    both, headers = make_both(rate_limit_requests=3), bearer(PLAYER, roles=roles)
    for environ in ({}, {"REMOTE_ADDR": "192.0.2.7"}):
        for _ in range(5):
            answer = both.send(replace(sent, environ=environ), headers)
        assert (b"RATE_LIMIT_EXCEEDED" in answer) == (not roles)


def test_a_conditional_read_is_answered_the_same_while_the_board_stands(
    make_both: Callable[..., Both], bearer: Bearer
) -> None:
    both, headers = make_both(), bearer(PLAYER)
    etag = re.search(r"'ETag', '([^']+)'", both.send(get(), headers).decode())
    assert etag is not None
    assert both.send(get(if_none_match=etag[1]), headers).startswith(b"('304'")


def test_a_lean_row_has_one_path_runs_on_the_event_loop_and_answers_without_flask() -> None:
    rows = [row for row in OPERATIONS if row.is_lean]
    assert [row.endpoint for row in rows] == [
        "actions.complete",
        "actions.batch",
        "leaderboard.top",
    ]
    for row in rows:
        assert "<" not in row.path
        assert row.runs_on is RunsOn.EVENT_LOOP
        assert row.view.__annotations__["return"] is Answer


def test_flask_has_no_hook_that_the_lean_dispatch_does_not_run(
    settings: Settings, store: Store
) -> None:
    app = create_app(settings, store, RecordingBatcher())
    assert isinstance(app, Api)
    assert app.before_request_funcs == {None: [app._pass_gates]}
    assert app.after_request_funcs == {None: [app._tell_observers]}
    assert not app.teardown_request_funcs
    assert not app.teardown_appcontext_funcs
    assert (len(app.gates), len(app.observers)) == (1, 2)
