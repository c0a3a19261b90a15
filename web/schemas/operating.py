"""The numbers of now that the page for operators shows, for the OpenAPI document."""

from marshmallow import fields

from web.schemas.answers import HealthSchema
from web.schemas.base import CamelSchema
from web.schemas.fields import Timestamp


def amount(description: str) -> fields.Float:
    """Return a required number with a description."""
    return fields.Float(required=True, metadata={"description": description})


def amounts_by(description: str) -> fields.Dict:
    """Return a required object of numbers with a description."""
    return fields.Dict(
        keys=fields.String(),
        values=fields.Float(),
        required=True,
        metadata={"description": description},
    )


class HistogramSchema(CamelSchema):
    """How many there were, their sum, and how many were at most each bound."""

    count = amount("How many since the processes began to count")
    sum = amount("Of all of them; times are in seconds")
    bounds = fields.List(fields.Float(), required=True, metadata={"description": "Ascending"})
    at_most = fields.List(
        fields.Float(), required=True, metadata={"description": "As many as there are bounds"}
    )


class OpsActionsSchema(CamelSchema):
    """Actions posted, applied and held."""

    applied = amount("Actions applied to a score; only grows")
    answer_seconds = fields.Nested(HistogramSchema, required=True)
    held = amount("Actions held for review now, counted up to 10,000")


class OpsQueueSchema(CamelSchema):
    """What waits to be scored."""

    age_seconds = amount("The queue's age now")
    lengths = amounts_by("Messages that no worker has taken, by queue")
    recoveries = amounts_by("What the keeper did to stalled batches, by remedy; only grow")


class OpsRequestsSchema(CamelSchema):
    """Requests answered, without those for these numbers; all only grow."""

    answered = amount("All")
    refused = amount("Answers of 400 to 499")
    limited = amount("Answers of 429")
    failed = amount("Answers of 500 and above")


class OpsListenersSchema(CamelSchema):
    """WebSockets."""

    open = amount("Open now")
    closed = amount("Ended; only grows")
    too_slow = amount("Ended because the client was too slow; only grows")
    fan_out_seconds = fields.Nested(HistogramSchema, required=True)


class OpsFraudSchema(CamelSchema):
    """What was judged; all only grow."""

    verdicts = amounts_by("Actions by verdict")
    reasons = amounts_by("Rejected and held ones by reason, as far as there are any")


class OpsRedisSchema(CamelSchema):
    """What the processes think of Redis."""

    breakers_open = amount("Processes that have given Redis up now")
    breaker_openings = amount("Times that one did; only grows")
    errors = amount("Commands that Redis answered with an error; only grows")


class OpsDatabaseSchema(CamelSchema):
    """Connections to PostgreSQL by pool, over the processes."""

    in_use = amounts_by("In use now")
    size = amounts_by("How many may be")


class OpsNumbersSchema(CamelSchema):
    """The numbers of now. A counter that falls was begun again with its process."""

    at = Timestamp(required=True, metadata={"description": "When they were read"})
    version = fields.String(required=True)
    instance = fields.String(
        required=True,
        metadata={"description": "Whose numbers these are; behind a balancer there are several"},
    )
    scope = fields.String(
        required=True,
        metadata={
            "enum": ["machine", "process"],
            "description": "Of which processes: without PROMETHEUS_MULTIPROC_DIR of one",
        },
    )
    health = fields.Nested(HealthSchema, required=True)
    actions = fields.Nested(OpsActionsSchema, required=True)
    batches = fields.Nested(HistogramSchema, required=True)
    stages = fields.Dict(keys=fields.String(), values=fields.Nested(HistogramSchema), required=True)
    queue = fields.Nested(OpsQueueSchema, required=True)
    requests = fields.Nested(OpsRequestsSchema, required=True)
    listeners = fields.Nested(OpsListenersSchema, required=True)
    caches = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Float()),
        required=True,
        metadata={"description": "Reads by cache and `hit` or `miss`; only grow"},
    )
    fraud = fields.Nested(OpsFraudSchema, required=True)
    redis = fields.Nested(OpsRedisSchema, required=True)
    database = fields.Nested(OpsDatabaseSchema, required=True)
    background_failures = amount("Steps of background threads that failed; only grows")
