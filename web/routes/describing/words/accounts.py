"""The words of accounts: names, passwords, tokens, exports and second factors."""

from collections.abc import Mapping
from typing import Any

from web.routes.describing.words import sample
from web.routes.describing.words.row import OperationWords, only

PHRASE = "correct horse battery"
_LOGIN = {"username": sample.USERNAME, "password": PHRASE}
_SESSION = {"userId": sample.USER_ID, "username": sample.USERNAME, **sample.TOKENS}
_ACCOUNT: Mapping[str, Any] = {
    "userId": sample.USER_ID,
    "username": sample.USERNAME,
    "hasPassword": True,
    "hasSecondFactor": False,
    "attributes": {"country": "DE"},
    "createdAt": sample.REGISTERED_AT,
    "score": 1350,
    "rank": 7,
    "totalActions": 11,
    "firstAction": "2026-11-02T18:25:40.337129Z",
    "lastAction": sample.ACCEPTED_AT,
    "sessions": [
        {
            "sessionId": sample.LOGIN_ID,
            "createdAt": "2026-11-27T09:54:00.247470Z",
            "expiresAt": "2026-12-27T09:54:00.140092Z",
        }
    ],
    "rewards": [sample.REWARD],
}
_HOLDINGS: Mapping[str, Any] = {
    "playSessions": [],
    "clients": [],
    "appeals": [],
    "bans": [],
    "roles": [],
}

ACCOUNT_WORDS: Mapping[str, OperationWords] = {
    "accounts.register": OperationWords(
        description="Makes a player with a name and a password, and logs in. Names are unique"
        " whatever their case, and no two look alike.",
        request=only(_LOGIN),
        answers={201: only(_SESSION)},
    ),
    "accounts.login": OperationWords(
        description="Begins a session: an access token, sent as `Authorization: Bearer …`, and a"
        " refresh token for the next one. Ten attempts a minute for each address and name.",
        request=only(_LOGIN),
        answers={200: only(_SESSION)},
    ),
    "accounts.refresh": OperationWords(
        description="Exchanges a refresh token for new tokens; the one that was sent is used up."
        " One that is used twice is taken for stolen, and ends the whole session.",
        request=only({"refreshToken": sample.TOKENS["refreshToken"]}),
        answers={200: only(sample.TOKENS)},
    ),
    "accounts.spectate": OperationWords(
        description="A token for looking without an account: boards, standings, public players,"
        " and a ticket for the WebSocket; anything else is `403 FORBIDDEN`. Nothing is stored.",
        answers={
            201: only(
                {
                    "accessToken": sample.TOKENS["accessToken"],
                    "expiresIn": sample.TOKENS["expiresIn"],
                }
            )
        },
    ),
    "accounts.logout": OperationWords(
        description="Ends the session: its refresh token and all its access tokens, everywhere"
        " within a second. API keys have no session to end."
    ),
    "own_account.export": OperationWords(
        description="The account, its sessions and rewards, and the actions page by page.",
        answers={200: only({**_ACCOUNT, "actions": [sample.RECORD], "nextCursor": None})},
    ),
    "own_account.rewards": OperationWords(
        description="What periods that have closed have granted the caller, page by page.",
        answers={200: only({"rewards": [sample.REWARD], "nextCursor": None})},
    ),
    "own_account.change": OperationWords(
        description="Changes name, password or attributes. `currentPassword` is needed of an"
        " account that has one, unless only attributes change. A new password ends the other"
        " sessions; a new name is on every board at once.",
        request={
            "name": {"username": "Mira Sol", "currentPassword": PHRASE},
            "attributes": {"attributes": {"country": "DE", "guild": None}},
        },
        answers={200: only({"userId": sample.USER_ID, "username": "Mira Sol"})},
    ),
    "own_account.delete": OperationWords(
        description="Destroys what is known of the caller; the scores stay under a pseudonym. It"
        " cannot be undone.",
        request={"with a password": {"currentPassword": PHRASE}, "without one": {}},
    ),
    "own_export.export_all": OperationWords(
        description="Everything that is stored of the caller: the account on the first page, then"
        " live actions, then those of the archives. Send `nextCursor` as `cursor` until it is"
        " null.",
        request={"first page": {"limit": 1000}, "next page": {"cursor": sample.CURSOR}},
        answers={
            200: only(
                {
                    "account": {**_ACCOUNT, **_HOLDINGS},
                    "actions": [sample.RECORD],
                    "archived": False,
                    "nextCursor": "archives",
                }
            )
        },
    ),
    "second_factor.set_up": OperationWords(
        description="Makes a secret for the player's authenticator app, and shows it this once."
        " Codes vouch for actions after it has been confirmed.",
        request={"with a password": {"currentPassword": PHRASE}, "without one": {}},
        answers={
            201: only(
                {
                    "secret": "CMULIWWW3SHRAAWNYDK3F666G3VMHJ76",
                    "uri": "otpauth://totp/Laurel:Mira"
                    "?secret=CMULIWWW3SHRAAWNYDK3F666G3VMHJ76&issuer=Laurel",
                }
            )
        },
    ),
    "second_factor.confirm": OperationWords(
        description="Shows that the app has the secret; from now on codes vouch for actions.",
        request=only({"code": "287082"}),
    ),
    "second_factor.remove": OperationWords(
        description="Removes the second factor, with a code of it.",
        request=only({"code": "287082", "currentPassword": PHRASE}),
    ),
}
