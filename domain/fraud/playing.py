"""Where what was counted of play sessions is kept, pure: the last one's with the profile.

A player is in one play session at a time, and its state is in the row that is written with each
action anyway. One that the player has left has it in its own row. Called by
`domain/fraud/screening.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.fraud.candidate import Candidate
from domain.fraud.signals import PlaySession, PlayState


@dataclass(frozen=True, slots=True)
class SettledStates:
    """By player the state to keep with the profile, and those to write to the sessions' rows."""

    kept: Mapping[str, PlayState]
    left: Sequence[PlayState]


def settle_states(
    actions: Mapping[str, Sequence[Candidate]],
    *,
    sessions: Mapping[str, PlaySession],
    kept_before: Mapping[str, PlayState],
) -> SettledStates:
    """Return where the states go after a batch of these actions, by player in their order.

    Of players whose sessions have not changed nothing is to be written.
    """
    changed: defaultdict[str, dict[str, PlaySession]] = defaultdict(dict)
    for session in sessions.values():
        if session.is_changed:
            changed[session.user_id][session.session_id] = session
    kept: dict[str, PlayState] = {}
    left: list[PlayState] = []
    for user_id, own in changed.items():
        last = next(one.session_id for one in reversed(actions[user_id]) if one.session_id in own)
        kept[user_id] = own[last].state
        left += [session.state for name, session in own.items() if name != last]
        before = kept_before.get(user_id)
        if before is not None and before.session_id not in own:
            left.append(before)
    return SettledStates(kept, left)
