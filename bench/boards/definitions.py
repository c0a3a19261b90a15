"""The boards of the measurements, as the API takes them; every one counts the traffic's actions."""

from typing import Any

# One of each kind; the traffic is `rig.actions.Actions` with details.
_KINDS: dict[str, dict[str, Any]] = {
    "all-time": {},
    "daily": {"period": {"kind": "daily"}, "timeZone": "Europe/Berlin"},
    "weekly-best": {"aggregate": "best", "period": {"kind": "weekly"}},
    "monthly-count": {"aggregate": "count", "period": {"kind": "monthly"}},
    "conditioned": {
        "actionTypes": ["level_complete"],
        "where": {"metadata.level": {"min": 5}},
        "aggregate": "best",
        "tieBreakers": [{"value": "metadata.duration", "direction": "asc"}],
        "period": {"kind": "weekly"},
    },
    "by-country": {"segment": "metadata.country", "period": {"kind": "monthly"}},
    "rolling": {"period": {"kind": "rolling", "window": "24h"}},
    "competition": {"ties": "competition", "period": {"kind": "daily"}},
}
_SECOND_ZONE = "America/New_York"


def define_boards(count: int) -> list[dict[str, Any]]:
    """Return the first `count` boards, at most 16: one of each kind, then again in another zone."""
    first = [{"id": name, **fields} for name, fields in _KINDS.items()]
    second = [{**board, "id": f"{board['id']}-2", "timeZone": _SECOND_ZONE} for board in first]
    boards = first + second
    if count > len(boards):
        raise ValueError(f"there are {len(boards)} boards")
    return boards[:count]
