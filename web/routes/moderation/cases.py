"""Cases: listed, shown, claimed and closed by moderators."""

from datetime import UTC, datetime

from flask import Response, request

from domain.moderation import cases as use_cases
from domain.moderation.model import CaseState
from web.http.json_body import read_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.routes.moderation.describing import (
    describe_act,
    describe_appeal,
    describe_case,
    describe_held,
)
from web.schemas.base import load
from web.schemas.cursors import write_case_cursor
from web.schemas.moderation.bodies import CasesQuery, ReasonBodySchema
from web.schemas.queries import load_query, read_path_uuid
from web.services import services

_query = CasesQuery()
_closing = ReasonBodySchema()


def list_all() -> Response:
    """List cases, the one with the newest signal first."""
    query, viewer, now = load_query(_query, request.args), _caller(), datetime.now(UTC)
    page, after = use_cases.list_cases(
        services().store,
        state=CaseState(query["state"]),
        user_id=query["user"],
        reason=query["reason"],
        claimed=query["claimed"],
        by=viewer,
        after=query["cursor"],
        limit=query["limit"],
        now=now,
    )
    return json_response(
        {
            "cases": [describe_case(case, viewer=viewer, now=now) for case in page],
            "nextCursor": None if after is None else write_case_cursor(*after),
        }
    )


def show(case_id: str) -> Response:
    """Return a case with its held actions, appeals and acts."""
    wanted = read_path_uuid("caseId", case_id)
    details = use_cases.get_case(services().store, case_id=wanted)
    return json_response(
        {
            **describe_case(details.case, viewer=_caller(), now=datetime.now(UTC)),
            "held": [describe_held(action) for action in details.held],
            "appeals": [describe_appeal(appeal) for appeal in details.appeals],
            "acts": [describe_act(act) for act in details.acts],
        }
    )


def claim(case_id: str) -> Response:
    """Claim a case for half an hour, or renew one's own claim."""
    wanted = read_path_uuid("caseId", case_id)
    until = use_cases.claim_case(
        services().store, case_id=wanted, by=_caller(), now=datetime.now(UTC)
    )
    return json_response({"caseId": wanted, "by": _caller(), "until": until})


def end_claim(case_id: str) -> Response:
    """End one's own claim."""
    use_cases.end_claim(
        services().store,
        case_id=read_path_uuid("caseId", case_id),
        by=_caller(),
        now=datetime.now(UTC),
    )
    return Response(status=204)


def close(case_id: str) -> Response:
    """Close a case in which nothing is held; open appeals are declined."""
    wanted = read_path_uuid("caseId", case_id)
    body = load(_closing, read_json_object(request.environ))
    use_cases.close_case(
        services().store,
        case_id=wanted,
        by=_caller(),
        reason=body["reason"],
        now=datetime.now(UTC),
    )
    return Response(status=204)


def _caller() -> str:
    return str(principal().user_id)
