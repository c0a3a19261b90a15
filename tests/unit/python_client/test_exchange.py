"""The calls of the Python client without a network: what is repeated, and what is an outcome."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import pytest
from laurel_client import Action, ApiError, Outcome, Status, Tokens, UnreachableError
from laurel_client.actions import BATCH_SIZE, complete, complete_batch
from laurel_client.exchange import NO_ANSWER, Call, Pause, Request, Response, Retries
from laurel_client.session import Session

Result = TypeVar("Result")
PATIENCE = 30.0
Answer = tuple[int, dict[str, Any]]

APPLIED: Answer = (
    200,
    {"success": True, "newScore": 150, "previousScore": 0, "leaderboardPosition": 3},
)
PENDING: Answer = (202, {"success": True, "status": "pending"})
LOST: Answer = (NO_ANSWER, {})


def refusal(status: int, code: str, /, **details: Any) -> Answer:
    return status, {"error": {"code": code, "message": "no", "details": details}}


class Played:
    """A call against scripted answers; time is what it has waited."""

    def __init__(self, answers: Iterable[Answer]):
        self.requests: list[Request] = []
        self.seconds = 0.0
        self._answers = iter(answers)

    def run(self, make: Callable[[Retries], Call[Result]]) -> Result:
        call = make(Retries(PATIENCE, lambda: self.seconds))
        answer: Response | None = None
        while True:
            try:
                step = call.send(answer)
            except StopIteration as done:
                result: Result = done.value
                return result
            if isinstance(step, Pause):
                self.seconds += step.seconds
                answer = None
                continue
            self.requests.append(step)
            self.seconds += 0.01
            status, body = next(self._answers)
            answer = Response(status, {}, body)


def play(*answers: Answer, decided: bool = True) -> tuple[Played, Outcome, Action]:
    played, action = Played(answers), Action(score=150)
    session = Session(Tokens(access="a", refresh="r"))
    outcome = played.run(lambda retries: complete(session, action, retries, decided=decided))
    return played, outcome, action


def test_a_lost_answer_is_asked_for_again_with_the_same_action() -> None:
    stored = {"status": "applied", "newScore": 150, "previousScore": 0, "leaderboardPosition": 1}
    duplicate = refusal(409, "DUPLICATE_ACTION", result=stored)
    played, outcome, action = play(LOST, refusal(503, "SERVICE_UNAVAILABLE"), duplicate)
    assert (outcome.status, outcome.new_score, outcome.is_repeat) == (Status.APPLIED, 150, True)
    assert {request.json["actionId"] for request in played.requests} == {str(action.action_id)}
    assert len({request.json["timestamp"] for request in played.requests}) == 1


def test_a_pending_action_is_looked_at_until_it_is_decided() -> None:
    held = (200, {"status": "quarantined", "newScore": None, "previousScore": None})
    played, outcome, action = play(PENDING, (200, {"status": "pending"}), held)
    assert outcome.status is Status.HELD
    assert played.requests[-1].path == f"/api/actions/{action.action_id}"
    _, undecided, _ = play(PENDING, decided=False)
    assert undecided.status is Status.PENDING


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (refusal(403, "FRAUD_DETECTED", reason="VELOCITY"), Status.REJECTED, "VELOCITY"),
        (refusal(500, "INTERNAL_ERROR", status="failed"), Status.FAILED, None),
        (
            refusal(409, "DUPLICATE_ACTION", result={"status": "archived"}),
            Status.ARCHIVED,
            None,
        ),
        ((202, {"success": True, "status": "a newer server's"}), Status.OTHER, None),
    ],
)
def test_what_became_of_an_action_is_an_outcome(
    answer: Answer, status: Status, reason: str | None
) -> None:
    _, outcome, _ = play(answer)
    assert (outcome.status, outcome.reason) == (status, reason)


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, "INVALID_PAYLOAD"),
        refusal(403, "BANNED"),
        refusal(409, "ACTION_ID_CONFLICT"),
        refusal(500, "INTERNAL_ERROR"),
    ],
)
def test_a_refusal_is_an_error_and_is_not_repeated(answer: Answer) -> None:
    with pytest.raises(ApiError, match=answer[1]["error"]["code"]) as raised:
        play(answer)
    assert raised.value.status == answer[0]


def test_patience_ends() -> None:
    def lost_for_ever() -> Iterator[Answer]:
        while True:
            yield LOST

    played, action = Played(lost_for_ever()), Action(score=1)
    session = Session(Tokens(access="a"))
    with pytest.raises(UnreachableError):
        played.run(lambda retries: complete(session, action, retries, decided=True))
    assert PATIENCE - 6 < played.seconds < PATIENCE + 1
    with pytest.raises(ApiError, match="RATE_LIMIT_EXCEEDED"):
        play(*[refusal(429, "RATE_LIMIT_EXCEEDED")] * 100)


def test_an_ended_token_is_renewed_once_and_the_request_repeated() -> None:
    ended = refusal(401, "TOKEN_EXPIRED")
    fresh = (200, {"accessToken": "b", "refreshToken": "s"})
    kept: list[Tokens] = []
    session = Session(Tokens(access="a", refresh="r", user_id="me"), on_change=kept.append)
    played, action = Played([ended, fresh, APPLIED]), Action(score=150)
    outcome = played.run(lambda retries: complete(session, action, retries, decided=True))
    assert outcome.rank == 3
    assert [each.headers.get("Authorization") for each in played.requests] == [
        "Bearer a",
        None,
        "Bearer b",
    ]
    assert kept == [Tokens(access="b", refresh="s", user_id="me")]
    with pytest.raises(ApiError, match="TOKEN_EXPIRED"):
        play(ended, fresh, ended)


def test_tokens_of_another_issuer_are_renewed_by_the_program() -> None:
    session = Session(Tokens(access="old"), renew=lambda: "new")
    played = Played([refusal(401, "TOKEN_EXPIRED"), APPLIED])
    played.run(lambda retries: complete(session, Action(score=1), retries, decided=True))
    assert played.requests[-1].headers["Authorization"] == "Bearer new"


def test_what_is_pending_in_a_batch_is_sent_again_alone() -> None:
    def result(action: Action, status: str) -> dict[str, Any]:
        return {"actionId": str(action.action_id), "status": status, "newScore": 5}

    batch = [Action(score=1) for _ in range(3)]
    first = [
        result(batch[0], "applied"),
        {"actionId": None, "error": {"code": "INVALID_PAYLOAD", "message": "score"}},
        {"actionId": str(batch[2].action_id), "status": "pending"},
    ]
    again = refusal(409, "DUPLICATE_ACTION", result=result(batch[2], "applied"))[1]
    played = Played([(202, {"results": first}), (200, {"results": [again]})])
    session = Session(Tokens(access="a"))
    made = played.run(lambda retries: complete_batch(session, batch, retries, decided=True))
    assert [each.status for each in made] == [Status.APPLIED, Status.FAILED, Status.APPLIED]
    assert made[1].error is not None
    assert made[1].error.code == "INVALID_PAYLOAD"
    assert not made[2].is_repeat
    (sent,) = played.requests[1].json["actions"]
    assert sent["actionId"] == str(batch[2].action_id)


def test_many_actions_go_in_requests_that_the_server_takes() -> None:
    batch = [Action(score=1) for _ in range(BATCH_SIZE + 1)]
    answers = [
        (200, {"results": [{"actionId": "x", "status": "applied"}] * count})
        for count in (BATCH_SIZE, 1)
    ]
    played = Played(answers)
    session = Session(Tokens(access="a"))
    made = played.run(lambda retries: complete_batch(session, batch, retries, decided=True))
    assert [each.action_id for each in made] == [each.action_id for each in batch]
