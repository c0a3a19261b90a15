"""The policies of fraud detection, for admins; the table says that the role is needed."""

from typing import Any

import structlog
from flask import Response, request

from domain.errors import NotFoundError, PreconditionRequiredError
from domain.fraud.policies.changing import (
    PolicyChange,
    create_policy,
    find_problems,
    get_policy,
    list_policies,
    retire_policy,
    tag_policies,
    use_policy,
)
from domain.fraud.policies.json_form import encode_policy
from domain.fraud.policy import PolicyState, policy_from
from domain.store.postgres.fraud.policies import StoredPolicy
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.schemas.base import load
from web.schemas.policies import NewPolicySchema, PolicyReasonSchema
from web.services import services

logger = structlog.get_logger(__name__)

# Larger numbers are no column's.
MAX_NUMBER = 2**31 - 1

_new_policy = NewPolicySchema()
_reason = PolicyReasonSchema()


def list_all() -> Response:
    """Return every policy, and the one that the settings make; the ETag is of all of them."""
    policies = list_policies(services().store)
    etag = f'"{tag_policies(policies)}"'
    payload = {
        "policies": [describe_policy(stored) for stored in policies],
        "default": encode_policy(policy_from(services().settings)),
        "etag": etag,
    }
    return json_response(payload, 200, {"ETag": etag})


def create() -> Response:
    """Store a policy as a draft, the shadow or the live one; one that is not sound is refused."""
    body = load(_new_policy, read_json_object(request.environ))
    state = PolicyState(body["state"])
    stored = create_policy(
        services().store,
        document=body["definition"],
        state=state,
        settings=services().settings,
        change=_read_change(body["note"], is_needed=state is not PolicyState.DRAFT),
    )
    _log(stored)
    location = {"Location": f"/api/moderation/policies/{stored.number}"}
    return json_response(describe_policy(stored), 201, location)


def show(policy_no: str) -> Response:
    """Return one policy."""
    stored = get_policy(services().store, number=_read_number(policy_no))
    return json_response(describe_policy(stored))


def activate(policy_no: str) -> Response:
    """Make a policy the live one, with each process's next batch."""
    return _use(policy_no, PolicyState.LIVE)


def shadow(policy_no: str) -> Response:
    """Let a policy judge beside the live one, without any effect."""
    return _use(policy_no, PolicyState.SHADOW)


def retire(policy_no: str) -> Response:
    """Retire a policy; after the live one the default judges."""
    number = _read_number(policy_no)
    return _answer(retire_policy(services().store, number=number, change=_read_reason()))


def describe_policy(stored: StoredPolicy) -> dict[str, Any]:
    """Return a policy as JSON."""
    return {
        "policy": stored.number,
        "state": stored.state,
        "definition": stored.definition,
        "note": stored.note,
        "problems": find_problems(stored),
        "createdBy": stored.created_by,
        "createdAt": stored.created_at,
        "liveFrom": stored.live_from,
        "liveUntil": stored.live_until,
    }


def _use(policy_no: str, state: PolicyState) -> Response:
    number = _read_number(policy_no)
    change = _read_reason()
    return _answer(use_policy(services().store, number=number, state=state, change=change))


def _read_reason() -> PolicyChange:
    body = load(_reason, read_json_object(request.environ))
    return _read_change(body["reason"], is_needed=True)


def _read_change(reason: str, *, is_needed: bool) -> PolicyChange:
    """Return the change with the tags of If-Match; raises PreconditionRequiredError."""
    header = request.headers.get("If-Match")
    if header is None and is_needed:
        raise PreconditionRequiredError
    tags = None
    if header is not None and header.strip() != "*":
        # A weak tag, and one that is not ours, match nothing.
        tags = frozenset(tag.strip()[1:-1] for tag in header.split(",") if tag.strip()[:1] == '"')
    return PolicyChange(str(principal().user_id), reason, tags)


def _read_number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= MAX_NUMBER:
        return int(text)
    raise NotFoundError("There is no such policy")


def _answer(stored: StoredPolicy) -> Response:
    _log(stored)
    return json_response(describe_policy(stored))


def _log(stored: StoredPolicy) -> None:
    user_id = str(principal().user_id)
    logger.info("policy changed", policy=stored.number, state=stored.state, user_id=user_id)
