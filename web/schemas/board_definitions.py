"""Bodies, queries and answers of the administration of boards.

The definition is validated by `domain/rankings/definition_json.py`, which TOML files pass too; here
it is described for the OpenAPI document, and a test compares both.
"""

from enum import StrEnum

from marshmallow import fields, validate

from domain.rankings.definition import Aggregate, Direction, PeriodKind, Readers, TieRule
from domain.rankings.definition_fields.parts import WEEKDAYS, WINDOWS
from web.schemas.base import CamelSchema
from web.schemas.fields import Timestamp
from web.schemas.queries import QuerySchema

SOURCE = "`score`, `1`, or `metadata.` and the path of a number"


def choice(kind: type[StrEnum], description: str) -> fields.String:
    """Return a field that has one of these values."""
    return fields.String(metadata={"enum": [*map(str, kind)], "description": description})


class TieBreakerSchema(CamelSchema):
    """A column that orders players with equal values."""

    value = fields.String(required=True, metadata={"description": SOURCE})
    direction = choice(Direction, "`desc`: the largest first")


class PeriodSchema(CamelSchema):
    """When a board begins anew."""

    kind = choice(PeriodKind, "`none` by default")
    starts_on = fields.String(metadata={"enum": [*WEEKDAYS], "description": "Of a week"})
    start = Timestamp(metadata={"description": "Of a season"})
    end = Timestamp(metadata={"description": "Of a season, excluded"})
    window = fields.String(metadata={"enum": [*WINDOWS], "description": "Of a rolling period"})


class MultiplierSchema(CamelSchema):
    """A factor for the values of actions in a span of time."""

    from_ = Timestamp(required=True, data_key="from")
    until = Timestamp(required=True, metadata={"description": "Excluded"})
    action_type = fields.String(
        allow_none=True, metadata={"description": "null: actions of any type"}
    )
    factor = fields.Float(required=True, metadata={"description": "More than 0, at most 1000"})


class RewardSchema(CamelSchema):
    """What is granted when a period ends, by ranks or by the best percentage."""

    ranks = fields.List(fields.Integer(), metadata={"description": "The first and the last rank"})
    percent = fields.Float(metadata={"description": "More than 0, at most 100"})
    reward = fields.String(required=True)


class BoardPatchSchema(CamelSchema):
    """A JSON merge patch (RFC 7396) of a board's definition; null sets a default."""

    id = fields.String(metadata={"description": "1 to 32 of a-z, 0-9 and inner hyphens"})
    title = fields.String()
    action_types = fields.List(fields.String(), metadata={"description": "Empty: of any type"})
    where = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(),
        metadata={"description": "By `metadata.` and a path: a value, `{min, max}` or `{present}`"},
    )
    value = fields.String(metadata={"description": SOURCE})
    aggregate = choice(Aggregate, "What becomes of the values of a player's actions")
    direction = choice(Direction, "`desc`: the largest first")
    tie_breakers = fields.List(fields.Nested(TieBreakerSchema), validate=validate.Length(max=4))
    ties = choice(TieRule, "The rank of players whose values and tie-breakers are equal")
    decimals = fields.Integer(metadata={"description": "0 to 6"})
    period = fields.Nested(PeriodSchema)
    time_zone = fields.String(metadata={"description": "Of the IANA database"})
    segment = fields.String(
        allow_none=True,
        metadata={"description": "`metadata.` and a path, or `player.` and an attribute"},
    )
    join_required = fields.Boolean()
    attempts = fields.Integer(
        allow_none=True, metadata={"description": "1 to 100 actions that count in each period"}
    )
    multipliers = fields.List(fields.Nested(MultiplierSchema))
    rewards = fields.List(fields.Nested(RewardSchema))
    readers = choice(Readers, "Who may read the board")
    keep_periods = fields.Integer(metadata={"description": "0 to 1000 closed periods"})


class BoardDefinitionSchema(BoardPatchSchema):
    """A board's definition; every field but the id has a default."""

    id = fields.String(
        required=True, metadata={"description": "1 to 32 of a-z, 0-9 and inner hyphens"}
    )


class BuildingSchema(CamelSchema):
    """The version that is being built."""

    version = fields.Integer(required=True)
    progress = fields.Float(required=True, metadata={"description": "Between 0 and 1"})
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it does not go on"}
    )


class BoardRecordSchema(CamelSchema):
    """A board, by the version that is read."""

    board = fields.Nested(BoardDefinitionSchema, required=True)
    state = fields.String(
        required=True, metadata={"enum": ["building", "live", "archived", "deleting"]}
    )
    version = fields.Integer(required=True)
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why the definition cannot be read here: `board` has only its id"},
    )
    etag = fields.String(required=True, metadata={"description": "For `If-Match`"})
    building = fields.Nested(BuildingSchema, required=True, allow_none=True)
    created_at = Timestamp(required=True, allow_none=True)
    updated_at = Timestamp(required=True, allow_none=True)


class JoinedSchema(CamelSchema):
    """Since when the caller's actions count on the board."""

    board = fields.String(required=True)
    joined_at = Timestamp(required=True)


class BoardRecordsSchema(CamelSchema):
    """Every board."""

    boards = fields.List(fields.Nested(BoardRecordSchema), required=True)


class QueryFlag(fields.Boolean):
    """`true` or `false`."""

    truthy = {"true"}  # noqa: RUF012 - as marshmallow has it
    falsy = {"false"}  # noqa: RUF012


class BoardChangeQuery(QuerySchema):
    """Whether the change may make a new version."""

    rescore = QueryFlag(load_default=False, metadata={"description": "Make a new version"})


class BoardDeletionQuery(QuerySchema):
    """Whether the board is archived."""

    archive = QueryFlag(load_default=False, metadata={"description": "Keep its sealed periods"})
