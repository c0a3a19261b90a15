"""Appeals over HTTP: by the owner, once, with a public answer only."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import find_case_of, hold_actions, reject_action
from tests.pipeline import complete_actions
from tests.web.http.bodies import Headers, assert_refused
from web.schemas.answers import ActionRecordSchema
from web.schemas.moderation.answers import AppealedSchema
from workers.context import WorkerContext

MESSAGE = {"message": "My little brother is that fast.\nReally."}
Bearer = Callable[..., Headers]


def test_an_appeal_is_taken_once_and_shown_with_the_action(
    client: FlaskClient, context: WorkerContext, bearer: Bearer
) -> None:
    (action,) = hold_actions(context)
    path, headers = f"/api/actions/{action.action_id}", bearer(action.user_id)
    assert "appeal" not in client.get(path, headers=headers).get_json()
    answer = client.post(f"{path}/appeal", headers=headers, json=MESSAGE)
    assert (answer.status_code, answer.headers["Location"]) == (201, path)
    assert AppealedSchema().validate(answer.get_json()) == {}
    shown = client.get(path, headers=headers).get_json()
    assert ActionRecordSchema().validate(shown) == {}
    assert shown["appeal"] == {"at": answer.get_json()["at"], "state": "open"}
    assert shown["reason"] == "SCORE_BURST"
    find_case_of(context.store, action.user_id)
    again = client.post(f"{path}/appeal", headers=headers, json=MESSAGE)
    assert_refused(again, 409, "ALREADY_APPEALED")


def test_nobody_appeals_against_another_player_s_action_or_one_that_counts(
    client: FlaskClient, context: WorkerContext, bearer: Bearer
) -> None:
    rejected, applied = reject_action(context), make_action()
    complete_actions(context, [applied])
    path = f"/api/actions/{rejected.action_id}/appeal"
    for headers in (bearer(), bearer(roles=["service"]), bearer(roles=["admin"])):
        assert_refused(client.post(path, headers=headers, json=MESSAGE), 404, "NOT_FOUND")
    own = bearer(applied.user_id)
    unknown = client.post(f"/api/actions/{uuid4()}/appeal", headers=own, json=MESSAGE)
    assert_refused(unknown, 404, "NOT_FOUND")
    path = f"/api/actions/{applied.action_id}/appeal"
    error = assert_refused(client.post(path, headers=own, json=MESSAGE), 409, "STATUS_CONFLICT")
    assert error["details"] == {"status": "applied"}
    assert fetch(context.store, "SELECT 1 FROM appeals") == []


@pytest.mark.parametrize("message", [None, "", " \n", "x" * 1001, "a\u0001", 3, ["x"]])
def test_an_appeal_needs_a_message(
    client: FlaskClient, context: WorkerContext, bearer: Bearer, message: Any
) -> None:
    action = reject_action(context)
    path = f"/api/actions/{action.action_id}/appeal"
    answer = client.post(path, headers=bearer(action.user_id), json={"message": message})
    assert_refused(answer, 400, "INVALID_PAYLOAD")
    assert fetch(context.store, "SELECT 1 FROM appeals") == []
