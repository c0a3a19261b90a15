"""The row type of the words: what is said of one operation beside its row in the routes' table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Examples = Mapping[str, Any]
"""Values by name; the names are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationWords:
    """What an operation does in some sentences, and examples of its request and of its answers.

    `headers` has those that answers of a status have beside an ETag. Errors are not here: their
    examples are made of their codes, see `error_examples.py`.
    """

    description: str
    request: Examples = field(default_factory=dict)
    answers: Mapping[int, Examples] = field(default_factory=dict)
    headers: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def only(value: Any, name: str = "example") -> Examples:
    """Return the one example that there is."""
    return {name: value}
