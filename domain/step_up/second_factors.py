"""A player's second factor: set up, confirmed, removed, and its codes used up.

Called by `web/routes/own/second_factor.py`, `web/access/step_up.py` and the operators' commands.
The player's row is locked while a code is judged, so that no two requests use one code, and there
are no more guesses than MAX_WRONG_CODES, however many come at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from domain.accounts.ownership import check_owner
from domain.accounts.passwords import Passwords
from domain.actions.model import NewAction
from domain.errors import (
    CodeInvalidError,
    LaurelError,
    NotFoundError,
    RateLimitExceededError,
    SecondFactorExistsError,
)
from domain.step_up.cipher import SecretCipher
from domain.step_up.codes import (
    WRONG_CODES_FOR,
    find_step,
    find_wait_seconds,
    is_code,
    make_secret,
    make_uri,
    write_secret,
)
from domain.store.postgres.accounts.second_factors import (
    SecondFactor,
    delete_second_factor,
    lock_second_factor,
    put_unconfirmed_factor,
    record_used_step,
    record_wrong_code,
)
from domain.store.postgres.actions.stored_actions import list_stored_actions
from domain.store.store import Connection, Store

USE_BYTES = 16
CONFIRMING, REMOVING = b"confirm", b"remove"
NONE_THERE = "This account has no second factor"


@dataclass(frozen=True, slots=True)
class NewFactor:
    """The secret of a factor that waits to be confirmed, as text, and as an address for apps."""

    secret: str
    uri: str


def set_up_factor(
    store: Store,
    cipher: SecretCipher,
    passwords: Passwords,
    *,
    user_id: UUID,
    current_password: str | None,
    now: datetime,
) -> NewFactor:
    """Make a secret, which counts once it is confirmed; it replaces one that was not.

    Raises InvalidCredentialsError for a wrong password, SecondFactorExistsError when one is
    confirmed, or NotFoundError for a player of whom nothing is stored.
    """
    identity = check_owner(store, passwords, user_id=user_id, password=current_password)
    if identity is None:
        raise NotFoundError("Nothing is stored of this player yet")
    secret = make_secret()
    with store.write() as connection:
        is_stored = put_unconfirmed_factor(
            connection,
            user_id=user_id,
            sealed=cipher.encrypt(secret, owner=name_owner(user_id)),
            now=now,
        )
    if not is_stored:
        raise SecondFactorExistsError
    return NewFactor(write_secret(secret), make_uri(secret, username=identity.username))


def confirm_factor(
    store: Store, cipher: SecretCipher, *, user_id: UUID, code: str, now: datetime
) -> None:
    """Make the factor count, with a code that shows that the player has its secret.

    Raises NotFoundError when none was set up, SecondFactorExistsError when it is confirmed, and as
    `use_code`.
    """
    with store.write() as connection:
        factor = lock_second_factor(connection, user_id=user_id)
        if factor is None:
            raise NotFoundError("No second factor waits to be confirmed")
        if factor.confirmed_at is not None:
            raise SecondFactorExistsError
        judged = _judge(cipher, user_id, factor, code, CONFIRMING, now)
        _settle(connection, user_id, factor, judged, CONFIRMING, now)
    _raise(judged)


def remove_factor(
    store: Store,
    cipher: SecretCipher,
    passwords: Passwords,
    *,
    user_id: UUID,
    code: str,
    current_password: str | None,
    now: datetime,
) -> None:
    """Remove a confirmed factor, with one of its codes.

    Raises InvalidCredentialsError for a wrong password, NotFoundError when there is none, and as
    `use_code`.
    """
    check_owner(store, passwords, user_id=user_id, password=current_password)
    with store.write() as connection:
        factor = lock_second_factor(connection, user_id=user_id)
        if factor is None or factor.confirmed_at is None:
            raise NotFoundError(NONE_THERE)
        judged = _judge(cipher, user_id, factor, code, REMOVING, now)
        _settle(connection, user_id, factor, judged, REMOVING, now)
        if judged.refusal is None:
            delete_second_factor(connection, user_id=user_id)
    _raise(judged)


def forget_factor(store: Store, *, user_id: UUID) -> bool:
    """Remove the factor of a player who has lost it; return False when there is none."""
    with store.write() as connection:
        return delete_second_factor(connection, user_id=user_id)


def use_code(
    store: Store,
    cipher: SecretCipher,
    *,
    user_id: UUID,
    code: str,
    actions: Sequence[NewAction],
    now: datetime,
) -> bool:
    """Use up the code for these actions; return whether it vouches for them.

    The same code vouches for the same actions again: a request is repeated when its answer was
    lost. Whatever the code is, actions that are all stored already need none, and it returns False.
    Else raises CodeInvalidError (no factor, a wrong code, or one that was used for others), and
    RateLimitExceededError after too many wrong ones.
    """
    use = _digest(actions)
    with store.write() as connection:
        factor = lock_second_factor(connection, user_id=user_id)
        judged = _judge(cipher, user_id, factor, code, use, now)
        if judged.refusal is not None and _are_stored(connection, actions):
            return False
        _settle(connection, user_id, factor, judged, use, now)
    _raise(judged)
    return True


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a code is: of which time step, or why it is refused, and whether that was a guess."""

    step: int | None = None
    refusal: LaurelError | None = None
    is_guess: bool = False


def name_owner(user_id: UUID) -> str:
    """Return whose secret a player's is, as the cipher knows it."""
    return f"second factor {user_id}"


def _judge(
    cipher: SecretCipher,
    user_id: UUID,
    factor: SecondFactor | None,
    code: str,
    use: bytes,
    now: datetime,
) -> _Judged:
    if factor is None or (factor.confirmed_at is None and use != CONFIRMING):
        return _Judged(refusal=CodeInvalidError(NONE_THERE))
    if not is_code(code):
        return _Judged(refusal=CodeInvalidError("A code has six digits"))
    wait_seconds = find_wait_seconds(
        wrong_codes=factor.wrong_codes, wrong_since=factor.wrong_since, now=now
    )
    if wait_seconds:
        refusal = RateLimitExceededError("Too many wrong codes", retry_after_seconds=wait_seconds)
        return _Judged(refusal=refusal)
    secret = cipher.decrypt(factor.sealed, owner=name_owner(user_id))
    step = find_step(secret, code, now=now)
    if step is None:
        return _Judged(refusal=CodeInvalidError(), is_guess=True)
    is_repeat = (step, use) == (factor.last_step, factor.last_use)
    if factor.last_step is not None and step <= factor.last_step and not is_repeat:
        return _Judged(refusal=CodeInvalidError("This code was used already; wait for the next"))
    return _Judged(step)


def _settle(
    connection: Connection,
    user_id: UUID,
    factor: SecondFactor | None,
    judged: _Judged,
    use: bytes,
    now: datetime,
) -> None:
    """Store that the code was used, or that it was wrong; the factor's row is locked."""
    if judged.step is not None:
        record_used_step(connection, user_id=user_id, step=judged.step, use=use, now=now)
    elif judged.is_guess and factor is not None:
        since, wrong_codes = factor.wrong_since, factor.wrong_codes
        if since is None or now >= since + WRONG_CODES_FOR:
            since, wrong_codes = now, 0
        record_wrong_code(
            connection, user_id=user_id, wrong_codes=wrong_codes + 1, wrong_since=since
        )


def _raise(judged: _Judged) -> None:
    """Raise the refusal; outside of the transaction, which has to store a wrong code."""
    if judged.refusal is not None:
        raise judged.refusal


def _are_stored(connection: Connection, actions: Sequence[NewAction]) -> bool:
    """Return whether there are actions and the ids of all are in use: none of them can be new."""
    action_ids = {action.action_id for action in actions}
    found = list_stored_actions(connection, action_ids=list(action_ids))
    return bool(action_ids) and found.keys() >= action_ids


def _digest(actions: Sequence[NewAction]) -> bytes:
    """Return what tells these actions from others; a retry's are the same, however written."""
    facts = (
        action.action_id.bytes + action.user_id.bytes + action.request_hash for action in actions
    )
    return blake2b(b"".join(facts), digest_size=USE_BYTES).digest()
