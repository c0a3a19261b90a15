"""Duplicate ids and too many actions, across both API processes and both workers."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.api import Answer, Api, action
from tests.e2e.stack import Stack

TWINS = 50
MOST_A_MINUTE = 10


def post(stack: Stack, token: str, body: dict[str, object]) -> Answer:
    """Post one action on a new connection, which goes to either of the two processes."""
    with stack.api() as one:
        return one.call("POST", "/api/actions/complete", body, token=token)


def score_of(api: Api, player: dict[str, str]) -> int:
    path = f"/api/users/{player['userId']}/score"
    return int(api.get(path, token=player["accessToken"]).body["score"])


def test_of_fifty_copies_at_once_one_counts_and_the_others_are_duplicates(
    stack: Stack, api: Api
) -> None:
    player = api.register()
    twin = action(7)
    with ThreadPoolExecutor(TWINS) as callers:
        answers = list(
            callers.map(lambda _: post(stack, player["accessToken"], twin), range(TWINS))
        )
    assert Counter(answer.status for answer in answers) == {200: 1, 409: TWINS - 1}
    refused = [answer for answer in answers if answer.status == 409]
    assert {answer.error["code"] for answer in refused} == {"DUPLICATE_ACTION"}
    assert score_of(api, player) == 7


def test_the_id_of_an_action_cannot_be_used_for_another(stack: Stack, api: Api) -> None:
    owner, stranger = api.register(), api.register()
    first = action(50)
    assert post(stack, owner["accessToken"], first).status == 200
    other_score = post(stack, owner["accessToken"], first | {"score": 51})
    other_player = post(stack, stranger["accessToken"], first)
    for answer in (other_score, other_player):
        assert (answer.status, answer.error["code"]) == (409, "ACTION_ID_CONFLICT")
        assert "details" not in answer.error, "nothing of the first action is shown"
        assert owner["userId"] not in answer.text
    kept = api.get(f"/api/actions/{first['actionId']}", token=owner["accessToken"]).body
    assert (kept["status"], kept["newScore"]) == ("applied", 50)
    assert score_of(api, owner) == 50


def test_an_action_of_another_player_looks_like_a_missing_one(stack: Stack, api: Api) -> None:
    owner, stranger = api.register(), api.register()
    first = action(5)
    assert post(stack, owner["accessToken"], first).status == 200
    answers = [
        api.get(f"/api/actions/{action_id}", token=stranger["accessToken"], X_Request_ID="same")
        for action_id in (first["actionId"], action(1)["actionId"])
    ]
    assert [answer.status for answer in answers] == [404, 404]
    first_error, second_error = ({**a.error, "timestamp": None} for a in answers)
    assert first_error == second_error


def test_the_eleventh_action_of_a_minute_is_fraud_and_stays_so(stack: Stack, api: Api) -> None:
    player = api.register()
    token = player["accessToken"]
    for _ in range(MOST_A_MINUTE):
        assert post(stack, token, action(3)).status == 200
    eleventh = action(3)
    refused = post(stack, token, eleventh)
    assert (refused.status, refused.error["code"]) == (403, "FRAUD_DETECTED")
    assert refused.error["details"] == {"reason": "VELOCITY"}
    again = post(stack, token, eleventh)
    assert (again.status, again.error["code"]) == (409, "DUPLICATE_ACTION")
    assert again.error["details"]["result"]["status"] == "rejected"
    assert score_of(api, player) == 3 * MOST_A_MINUTE
