"""Who runs a command: as acts name operators, by the login name unless told otherwise."""

import getpass

from domain.moderation.acts import MAX_BY_CHARS, OPERATOR


def login_name() -> str:
    """Return the login name of the user who runs the command, or `unknown`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def name_operator(name: str) -> str:
    """Return who decides, as the acts have it: no user of the API has a colon in the id."""
    return f"{OPERATOR}:{name}"[:MAX_BY_CHARS]
