"""The keeper's duties of checkpoints, and what `/health` says of them."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from domain.settings import Settings
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.verification import change
from web.app import create_app
from workers.context import WorkerContext
from workers.metrics import checkpoint_failures
from workers.upkeep.checkpoints import CheckpointDuties

NOT_SIGNED = "the audit log is no longer signed; the keeper's log says why"


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    return replace(settings, audit_signing_key=b64encode(bytes(range(32))).decode())


def run(store: Store, settings: Settings) -> None:
    for _, duty in CheckpointDuties(store, settings).duties:
        duty()


def health(store: Store, settings: Settings) -> dict[str, Any]:
    parts = create_app(settings, store).test_client().get("/health").get_json()["parts"]
    return {name: fact for name, fact in parts["checkpoints"].items() if name != "ms"}


def failures(cause: str) -> float:
    return checkpoint_failures.labels(cause)._value.get()


def test_a_log_that_grew_is_signed_and_kept(
    worker_context: WorkerContext, store: Store, keyed: Settings
) -> None:
    complete_actions(worker_context, [make_action()])
    assert health(store, keyed)["error"] == NOT_SIGNED
    run(store, keyed)
    assert keyed.checkpoint_path.read_text().count("\n1\n") == 1
    assert health(store, keyed) == {"ok": True, "entries": 1}
    run(store, keyed)
    assert keyed.checkpoint_path.read_text().count("laurel/audit-log\n") == 1


def test_without_a_key_checkpoints_are_off_and_health_says_so(
    worker_context: WorkerContext, store: Store, settings: Settings
) -> None:
    complete_actions(worker_context, [make_action()])
    run(store, settings)
    assert not settings.checkpoint_path.exists()
    assert health(store, settings) == {
        "ok": True,
        "warning": "the audit log is not signed: AUDIT_SIGNING_KEY is not set",
    }


def test_a_file_that_cannot_be_written_is_told_and_signing_goes_on(
    worker_context: WorkerContext, store: Store, keyed: Settings
) -> None:
    complete_actions(worker_context, [make_action()])
    run(store, keyed)
    keyed.checkpoint_path.unlink()
    keyed.checkpoint_path.mkdir()
    complete_actions(worker_context, [make_action()])
    before = failures("file")
    run(store, keyed)
    assert failures("file") == before + 1
    pass_time(store)
    run(store, keyed)
    assert health(store, keyed) == {
        "ok": False,
        "error": "the file of checkpoints is no longer written; the keeper's log says why",
        "entries": 2,
    }


def test_a_log_that_contradicts_what_was_signed_is_not_signed_and_told(
    worker_context: WorkerContext, store: Store, keyed: Settings
) -> None:
    complete_actions(worker_context, [make_action()])
    run(store, keyed)
    change(store, "DELETE FROM audit_checkpoints")
    before = failures("log")
    pass_time(store)
    run(store, keyed)
    assert failures("log") == before + 1
    assert health(store, keyed)["error"] == NOT_SIGNED


def pass_time(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE heartbeats SET seen_at = seen_at - interval '1 hour'"))


@pytest.mark.parametrize("content", [None, "", "-----BEGIN PRIVATE KEY-----\nAAAA\n", "\x00"])
def test_a_key_that_cannot_be_read_is_told(
    store: Store, settings: Settings, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_text(content)
    before = failures("key")
    run(store, replace(settings, audit_signing_key=str(path)))
    assert failures("key") == before + 1


def test_a_key_may_be_a_pem_file(
    worker_context: WorkerContext,
    store: Store,
    settings: Settings,
    tmp_path: Path,
) -> None:
    path = tmp_path / "key.pem"
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    complete_actions(worker_context, [make_action()])
    keyed = replace(settings, audit_signing_key=str(path))
    run(store, keyed)
    assert health(store, keyed)["ok"] is True
