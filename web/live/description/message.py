"""The type of one described message, and the small words that schemas are written in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedMessage:
    """One message: its name in the document, what it is for, its fields, and examples of it.

    `channels` are those of the protocol that it is of, as in `leaderboard:{board}`; none for what
    is the connection's. Fields in `optional` may be left out, all others are always there.
    """

    name: str
    summary: str
    fields: Mapping[str, Schema]
    examples: Sequence[Mapping[str, Any]]
    channels: Sequence[str] = ()
    optional: frozenset[str] = frozenset()

    @property
    def schema(self) -> Schema:
        """The schema of the whole message: it has no other fields."""
        return record(self.fields, self.optional)


def record(fields: Mapping[str, Schema], optional: frozenset[str] = frozenset()) -> Schema:
    """Return the schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def constant(value: str) -> Schema:
    """Return the schema of a string that is always this."""
    return {"type": "string", "const": value}


def text(description: str, **more: Any) -> Schema:
    """Return the schema of a string."""
    return {"type": "string", "description": description, **more}


def whole(description: str, **more: Any) -> Schema:
    """Return the schema of a whole number."""
    return {"type": "integer", "description": description, **more}


def list_of(items: Schema, description: str) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items, "description": description}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what may be null too."""
    if "type" in schema and "const" not in schema and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"oneOf": [schema, {"type": "null"}]}


def moment(description: str) -> Schema:
    """Return the schema of a time in UTC."""
    return text(description, format="date-time", pattern="Z$")


def user_id(description: str = "The player") -> Schema:
    """Return the schema of a player's id."""
    return text(description, format="uuid")


def component(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
