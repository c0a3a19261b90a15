"""Bodies and answers of second factors."""

from marshmallow import fields, validate

from web.schemas.base import CamelSchema, InputSchema


class FactorSetUpSchema(InputSchema):
    """The wish for a second factor."""

    current_password = fields.String(
        validate=validate.Length(1, 128),
        metadata={"format": "password", "description": "Of an account that has one"},
    )


class CodeSchema(InputSchema):
    """A code of the second factor."""

    code = fields.String(
        required=True,
        validate=validate.Regexp(r"[0-9]{6}\Z"),
        metadata={"description": "Six digits, as the app shows them now"},
    )


class FactorRemovalSchema(FactorSetUpSchema, CodeSchema):
    """The end of a second factor."""


class NewFactorSchema(CamelSchema):
    """The secret of a second factor; it is shown this once."""

    secret = fields.String(required=True, metadata={"description": "In base32, to type it in"})
    uri = fields.String(
        required=True, metadata={"description": "`otpauth://…`, to be shown as a QR code"}
    )
