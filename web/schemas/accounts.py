"""Request bodies of accounts: registration, login, the refresh token and changes."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from web.access.tokens import MAX_TOKEN_CHARS
from web.schemas.base import InputSchema


class RegistrationSchema(InputSchema):
    """A new player's name and password."""

    username = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={
            "description": "3 to 32 characters after NFKC with a letter or digit; none that nobody"
            " sees; no scripts that look alike; unlike every other name, whatever the case"
        },
    )
    password = fields.String(
        required=True, validate=validate.Length(8, 128), metadata={"format": "password"}
    )


class LoginSchema(InputSchema):
    """A player's name and password."""

    username = fields.String(required=True, validate=validate.Length(1, 200))
    password = fields.String(
        required=True, validate=validate.Length(1, 128), metadata={"format": "password"}
    )


class RefreshSchema(InputSchema):
    """The refresh token that a login or the last refresh returned."""

    refresh_token = fields.String(required=True, validate=validate.Length(1, MAX_TOKEN_CHARS))


class AccountChangeSchema(InputSchema):
    """What to change of the caller's account: one or more of name, password and attributes."""

    username = fields.String(validate=validate.Length(1, 200))
    password = fields.String(validate=validate.Length(8, 128), metadata={"format": "password"})
    current_password = fields.String(
        validate=validate.Length(1, 128),
        metadata={
            "format": "password",
            "description": "Of an account that has one; not for attributes alone",
        },
    )
    attributes = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        metadata={
            "description": "Changes: a text of at most 64 characters, or null that removes one. At"
            " most 8 in all; names of 1 to 32 of a-z, 0-9 and inner hyphens; `country` is two"
            " capital letters"
        },
    )

    @validates_schema
    def check_change(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse a body that changes nothing."""
        if not data.keys() & {"username", "password", "attributes"}:
            raise ValidationError("username, password or attributes is missing.", "username")


class FullExportSchema(InputSchema):
    """Which page of everything that is stored of the caller."""

    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, 200),
        metadata={"description": "`nextCursor` of the page before"},
    )
    limit = fields.Integer(load_default=1000, strict=True, validate=validate.Range(1, 1000))


class AccountDeletionSchema(InputSchema):
    """The end of the caller's account."""

    current_password = fields.String(
        validate=validate.Length(1, 128),
        metadata={"format": "password", "description": "Of an account that has one"},
    )
