"""A game server sends actions of many players with one token, a hundred per request."""

from uuid import uuid4

from tests.e2e.api import Api, action
from tests.e2e.stack import Stack


def test_a_batch_of_a_hundred_counts_for_its_players_in_order(stack: Stack, api: Api) -> None:
    (server,) = stack.issue_tokens(1, "--role", "service")
    players = [str(uuid4()) for _ in range(20)]
    actions = [action(10 + number, userId=players[number % 20]) for number in range(100)]
    actions[7]["score"] = -1
    actions[8]["score"] = 5000
    answer = api.call("POST", "/api/actions/batch", {"actions": actions}, token=server["token"])
    assert answer.status == 200, answer.text
    results = answer.body["results"]
    assert [result["actionId"] for result in results] == [sent["actionId"] for sent in actions]
    bad = {number for number, result in enumerate(results) if "error" in result}
    assert bad == {7, 8}
    assert results[7]["error"]["code"] == "INVALID_PAYLOAD"
    assert results[8]["error"]["code"] == "FRAUD_DETECTED"

    for at, player in enumerate(players):
        sent = [number for number in range(at, 100, 20) if number not in bad]
        scores = [results[number]["newScore"] for number in sent]
        assert scores == [
            sum(10 + number for number in sent[: upto + 1]) for upto in range(len(sent))
        ]
        found = api.get(f"/api/users/{player}/score", token=server["token"]).body
        assert (found["score"], found["totalActions"]) == (scores[-1], len(sent))


def test_a_players_token_may_not_send_for_others(api: Api) -> None:
    token = api.register()["accessToken"]
    actions = [action(10, userId=str(uuid4())), action(10)]
    answer = api.call("POST", "/api/actions/batch", {"actions": actions}, token=token)
    first, second = answer.body["results"]
    assert first["error"]["code"] in ("FORBIDDEN", "INVALID_PAYLOAD")
    assert second["status"] == "applied"
