"""Parameters in a URL: numbers and cursors in the query, ids in the path."""

import re
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from domain.boards.model import TOP_SIZE
from domain.errors import InvalidPayloadError
from web.boards.cursors import parse_board_cursor
from web.http.scalars import parse_uuid
from web.schemas.base import CamelSchema, load
from web.schemas.cursors import parse_cursor

DEFAULT_TOP_LIMIT = 10

_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


class QueryInteger(fields.Integer):
    """An integer in plain ASCII digits."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if type(value) is not str or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid", input=value)
        return int(value)


class Cursor(fields.String):
    """Where a page begins: `nextCursor` of the page before."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        number = parse_cursor(value)
        if number is None:
            raise ValidationError("Not a cursor of ours.")
        return number


class QuerySchema(CamelSchema):
    """A query string; unknown names are ignored."""

    class Meta:
        unknown = EXCLUDE


class BoardCursor(fields.String):
    """Where a page of the board begins: `nextCursor` of the page before."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        place = parse_board_cursor(value)
        if place is None:
            raise ValidationError("Not a cursor of ours.")
        return place


class LeaderboardQuery(QuerySchema):
    """How many standings to return, of the top or of a later page."""

    cursor = BoardCursor(
        load_default=None, metadata={"description": "`nextCursor` of the page before"}
    )

    limit = QueryInteger(load_default=DEFAULT_TOP_LIMIT, validate=validate.Range(1, TOP_SIZE))


class NeighborhoodQuery(QuerySchema):
    """How many standings above and below the caller's to return."""

    neighbors = QueryInteger(load_default=2, validate=validate.Range(0, 50))


class HistoryQuery(QuerySchema):
    """Which page of the caller's actions or rewards to return."""

    cursor = Cursor(load_default=None, metadata={"description": "`nextCursor` of the page before"})
    limit = QueryInteger(load_default=20, validate=validate.Range(1, 100))


class ExportQuery(QuerySchema):
    """Which page of the caller's actions to export."""

    cursor = Cursor(load_default=None, metadata={"description": "`nextCursor` of the page before"})
    limit = QueryInteger(load_default=100, validate=validate.Range(1, 1000))


def load_query(schema: Schema, arguments: Any) -> dict[str, Any]:
    """Return the parsed query string; raises InvalidPayloadError naming each bad parameter."""
    return load(schema, arguments.to_dict())


def read_path_uuid(name: str, value: str) -> UUID:
    """Return the id in the path; raises InvalidPayloadError."""
    parsed = parse_uuid(value)
    if parsed is None:
        raise InvalidPayloadError(details={"fields": {name: ["Not a valid UUID."]}})
    return parsed
