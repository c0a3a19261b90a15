"""The rows of the table of endpoints that are for moderators; admins may use them too."""

from web.http.caller import ROLE_MODERATOR
from web.http.operation import BODY_ERRORS, Operation
from web.routes.moderation import cases, decisions, players
from web.schemas.moderation import answers, bodies

READ_ERRORS = ("INVALID_PAYLOAD", "NOT_FOUND", "SERVICE_UNAVAILABLE")
CASE_ERRORS = (*READ_ERRORS, "CASE_CLAIMED")
TAG = "moderation"

MODERATION_OPERATIONS = (
    Operation(
        method="GET",
        path="/api/moderation/cases",
        view=cases.list_all,
        tag=TAG,
        role=ROLE_MODERATOR,
        query=bodies.CasesQuery,
        answers={200: answers.CasesSchema},
        errors=("INVALID_PAYLOAD", "SERVICE_UNAVAILABLE"),
    ),
    Operation(
        method="GET",
        path="/api/moderation/cases/<case_id>",
        view=cases.show,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={200: answers.CaseDetailsSchema},
        errors=READ_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/moderation/cases/<case_id>/claim",
        view=cases.claim,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={200: answers.ClaimedSchema},
        errors=(*CASE_ERRORS, "CASE_CLOSED"),
    ),
    Operation(
        method="DELETE",
        path="/api/moderation/cases/<case_id>/claim",
        view=cases.end_claim,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={204: ""},
        errors=CASE_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/moderation/cases/<case_id>/close",
        view=cases.close,
        tag=TAG,
        role=ROLE_MODERATOR,
        body=bodies.ReasonBodySchema,
        answers={204: ""},
        errors=(*BODY_ERRORS, *CASE_ERRORS, "CASE_CLOSED", "CASE_UNDECIDED"),
    ),
    Operation(
        method="POST",
        path="/api/moderation/actions/<action_id>/decision",
        view=decisions.decide,
        tag=TAG,
        role=ROLE_MODERATOR,
        body=bodies.DecisionBodySchema,
        headers=("Prefer",),
        answers={200: answers.DecidedSchema, 202: answers.DecidedSchema},
        errors=(*BODY_ERRORS, *CASE_ERRORS, "STATUS_CONFLICT"),
    ),
    Operation(
        method="GET",
        path="/api/moderation/actions/<action_id>/trace",
        view=decisions.trace,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={200: answers.TraceSchema},
        errors=READ_ERRORS,
    ),
    Operation(
        method="GET",
        path="/api/moderation/users",
        view=players.search,
        tag=TAG,
        role=ROLE_MODERATOR,
        query=bodies.NamesQuery,
        answers={200: answers.FoundPlayersSchema},
        errors=("INVALID_PAYLOAD", "SERVICE_UNAVAILABLE"),
    ),
    Operation(
        method="GET",
        path="/api/moderation/users/<user_id>",
        view=players.show,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={200: answers.PlayerOverviewSchema},
        errors=READ_ERRORS,
    ),
    Operation(
        method="POST",
        path="/api/moderation/users/<user_id>/snooze",
        view=players.snooze,
        tag=TAG,
        role=ROLE_MODERATOR,
        body=bodies.SnoozeBodySchema,
        answers={200: answers.SnoozedSchema},
        errors=(*BODY_ERRORS, *READ_ERRORS),
    ),
    Operation(
        method="DELETE",
        path="/api/moderation/users/<user_id>/snooze/<check>",
        view=players.unsnooze,
        tag=TAG,
        role=ROLE_MODERATOR,
        answers={204: ""},
        errors=READ_ERRORS,
    ),
)
