"""Request bodies of accounts: registration, login and the refresh token."""

from marshmallow import fields, validate

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
    """The refresh token that a login returned."""

    refresh_token = fields.String(required=True, validate=validate.Length(1, MAX_TOKEN_CHARS))
