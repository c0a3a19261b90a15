"""What vouches for the actions of a request: its signature, or a code of the caller's.

Called by `web/routes/actions.py`, once the body is known to be sound: a code is used up here.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from domain.actions.model import NewAction
from domain.step_up.cipher import SecretCipher
from domain.step_up.model import StepUp
from domain.step_up.second_factors import use_code
from domain.step_up.signatures import check_signature, make_signed_text, read_signature
from domain.store.store import Store
from web.access.signing_keys import SigningKeys
from web.http.caller import Principal
from web.server.greenlets import run_in_thread

Environ = Mapping[str, Any]

SIGNATURE = "HTTP_X_LAUREL_SIGNATURE"
CODE = "HTTP_X_TOTP_CODE"


def is_vouched(environ: Environ) -> bool:
    """Return whether the request has a signature or a code, be they good or bad."""
    return SIGNATURE in environ or CODE in environ


class StepUpVerifier:
    """Checks what vouches for actions; thread-safe."""

    def __init__(self, store: Store, cipher: SecretCipher):
        self.keys = SigningKeys(store, cipher)
        self._store = store
        self._cipher = cipher

    def vouch(
        self, environ: Environ, caller: Principal, body: bytes, actions: Sequence[NewAction]
    ) -> list[NewAction]:
        """Return the actions of this body with what vouches for each; a code for one's own only.

        Whatever is there is checked, needed or not. Raises SignatureInvalidError, CodeInvalidError,
        RateLimitExceededError after too many wrong codes, or DatabaseUnavailableError.
        """
        is_signed = SIGNATURE in environ
        if is_signed:
            self._check_signature(environ, caller, body)
        has_code = CODE in environ and self._use_code(environ[CODE], caller, actions)
        if is_signed:
            return [action._replace(step_up=StepUp.SIGNATURE) for action in actions]
        if not has_code:
            return list(actions)
        return [
            action._replace(step_up=StepUp.TOTP) if action.user_id == caller.user_id else action
            for action in actions
        ]

    def _check_signature(self, environ: Environ, caller: Principal, body: bytes) -> None:
        signature = read_signature(environ[SIGNATURE])
        signed = make_signed_text(
            timestamp=signature.timestamp,
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            user_id=caller.user_id,
            body=body,
        )
        key = self.keys.find(signature.key_id)
        check_signature(signature, key=key, signed=signed, now=time.time())

    def _use_code(self, code: str, caller: Principal, actions: Sequence[NewAction]) -> bool:
        work = partial(
            use_code,
            self._store,
            self._cipher,
            user_id=caller.user_id,
            code=code,
            actions=actions,
            now=datetime.now(UTC),
        )
        return run_in_thread(work)
