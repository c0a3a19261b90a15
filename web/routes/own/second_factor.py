"""The caller's second factor: setting it up, confirming and removing it."""

from datetime import UTC, datetime

from flask import Response, request

from domain.step_up.second_factors import confirm_factor, remove_factor, set_up_factor
from web.http.json_body import read_json_object, read_optional_json_object
from web.http.request_context import principal
from web.http.responses import json_response
from web.routes.in_turn import run_as_owner
from web.schemas.base import load
from web.schemas.second_factor import CodeSchema, FactorRemovalSchema, FactorSetUpSchema
from web.services import services

_set_up = FactorSetUpSchema()
_code = CodeSchema()
_removal = FactorRemovalSchema()


def set_up() -> Response:
    """Make the secret of a second factor, which counts once it is confirmed."""
    body = load(_set_up, read_optional_json_object(request.environ))

    def set_it_up() -> Response:
        made = set_up_factor(
            services().store,
            services().cipher,
            services().passwords,
            user_id=principal().user_id,
            current_password=body.get("current_password"),
            now=datetime.now(UTC),
        )
        return json_response({"secret": made.secret, "uri": made.uri}, 201)

    return run_as_owner(set_it_up)


def confirm() -> Response:
    """Make the second factor count, with a first code."""
    body = load(_code, read_json_object(request.environ))
    confirm_factor(
        services().store,
        services().cipher,
        user_id=principal().user_id,
        code=body["code"],
        now=datetime.now(UTC),
    )
    return Response(status=204)


def remove() -> Response:
    """Remove the caller's second factor, with one of its codes."""
    body = load(_removal, read_json_object(request.environ))

    def remove_it() -> Response:
        remove_factor(
            services().store,
            services().cipher,
            services().passwords,
            user_id=principal().user_id,
            code=body["code"],
            current_password=body.get("current_password"),
            now=datetime.now(UTC),
        )
        return Response(status=204)

    return run_as_owner(remove_it)
