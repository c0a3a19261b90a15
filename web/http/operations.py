"""What each endpoint takes and answers, beside its route: the OpenAPI document's table.

An endpoint that is missing here fails a guard test. Summaries come from the views' docstrings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from marshmallow import Schema

from web.schemas import accounts, actions, answers, queries

Answer = type[Schema] | str
"""A JSON body, or the media type of another one; empty for none."""


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    tag: str
    answers: Mapping[int, Answer]
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    headers: tuple[str, ...] = ()
    errors: tuple[str, ...] = field(default=())


BODY_ERRORS = ("MALFORMED_JSON", "INVALID_PAYLOAD", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
UNKNOWN = ("SERVICE_UNAVAILABLE",)

OPERATIONS: Mapping[str, Operation] = {
    "actions.complete": Operation(
        "actions",
        {200: answers.CompletedSchema, 202: answers.AcceptedSchema},
        body=actions.CompleteActionSchema,
        headers=("Prefer",),
        errors=(
            *BODY_ERRORS,
            "FRAUD_DETECTED",
            "DUPLICATE_ACTION",
            "ACTION_ID_CONFLICT",
            "INTERNAL_ERROR",
            *UNKNOWN,
        ),
    ),
    "actions.batch": Operation(
        "actions",
        {200: answers.BatchResultsSchema, 202: answers.BatchResultsSchema},
        body=actions.BatchSchema,
        headers=("Prefer",),
        errors=(*BODY_ERRORS, *UNKNOWN),
    ),
    "actions.one": Operation(
        "actions",
        {200: answers.ActionRecordSchema},
        errors=("INVALID_PAYLOAD", "NOT_FOUND", *UNKNOWN),
    ),
    "actions.history": Operation(
        "actions",
        {200: answers.HistorySchema},
        query=queries.HistoryQuery,
        errors=("INVALID_PAYLOAD", *UNKNOWN),
    ),
    "leaderboard.top": Operation(
        "leaderboard",
        {200: answers.LeaderboardSchema, 304: ""},
        query=queries.LeaderboardQuery,
        headers=("If-None-Match",),
        errors=("INVALID_PAYLOAD", *UNKNOWN),
    ),
    "leaderboard.own_place": Operation(
        "leaderboard",
        {200: answers.NeighborhoodSchema},
        query=queries.NeighborhoodQuery,
        errors=("INVALID_PAYLOAD", *UNKNOWN),
    ),
    "users.score": Operation(
        "leaderboard",
        {200: answers.PlayerScoreSchema},
        errors=("INVALID_PAYLOAD", "NOT_FOUND", *UNKNOWN),
    ),
    "accounts.register": Operation(
        "accounts",
        {201: answers.SessionSchema},
        body=accounts.RegistrationSchema,
        errors=(*BODY_ERRORS, "USERNAME_TAKEN", *UNKNOWN),
    ),
    "accounts.login": Operation(
        "accounts",
        {200: answers.SessionSchema},
        body=accounts.LoginSchema,
        errors=(*BODY_ERRORS, "INVALID_CREDENTIALS", *UNKNOWN),
    ),
    "accounts.refresh": Operation(
        "accounts",
        {200: answers.AccessTokenSchema},
        body=accounts.RefreshSchema,
        errors=(*BODY_ERRORS, "INVALID_TOKEN", *UNKNOWN),
    ),
    "accounts.logout": Operation("accounts", {204: ""}, errors=UNKNOWN),
    "realtime.ticket": Operation("realtime", {201: answers.TicketSchema}, errors=UNKNOWN),
    "realtime.upgrade": Operation("realtime", {}, errors=("UPGRADE_REQUIRED",)),
    "health.live": Operation("operations", {200: answers.StatusSchema}),
    "health.ready": Operation("operations", {200: answers.StatusSchema}, errors=UNKNOWN),
    "health.overall": Operation("operations", {200: answers.HealthSchema}),
    "metrics.expose": Operation(
        "operations", {200: "text/plain"}, errors=("UNAUTHORIZED", "INVALID_TOKEN")
    ),
    "docs.openapi": Operation("documents", {200: "application/json"}),
    "docs.browse": Operation("documents", {200: "text/html"}),
    "pages.home": Operation("documents", {200: "text/html"}),
    "pages.asset": Operation("documents", {200: "*/*"}, errors=("NOT_FOUND",)),
}
