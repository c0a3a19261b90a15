"""The words of review: cases, decisions, traces, players and bans."""

from collections.abc import Mapping

from web.routes.describing.words import sample
from web.routes.describing.words.review_sample import (
    APPEAL,
    CASE,
    CLAIM_ACT,
    HELD,
    PLAYER,
    TRACE,
)
from web.routes.describing.words.row import OperationWords, only

_SNOOZED_UNTIL = "2026-12-04T10:00:00Z"

MODERATION_WORDS: Mapping[str, OperationWords] = {
    "cases.list_all": OperationWords(
        description="What waits for a decision, by player, the newest signal first.",
        answers={200: only({"cases": [CASE], "nextCursor": None})},
    ),
    "cases.show": OperationWords(
        description="A case with what is decided by: held actions and what the checks have found,"
        " appeals, and what was done; of each list the last 200.",
        answers={200: only({**CASE, "held": [HELD], "appeals": [APPEAL], "acts": [CLAIM_ACT]})},
    ),
    "cases.claim": OperationWords(
        description="Keeps a case for oneself for half an hour; again by oneself renews it.",
        answers={
            200: only(
                {
                    "caseId": sample.CASE_ID,
                    "by": sample.MODERATOR_ID,
                    "until": "2026-11-27T10:35:00.935583Z",
                }
            )
        },
    ),
    "cases.end_claim": OperationWords(description="Gives one's own claim back."),
    "cases.close": OperationWords(
        description="Closes a case in which no action is held; open appeals are declined.",
        request=only({"reason": "All decided"}),
    ),
    "decisions.decide": OperationWords(
        description="Releases or rejects a held action, takes an applied one back for good"
        " (`void`) or until it is decided on (`hold`), undoes a void (`restore`), or sends a"
        " failed one through the pipeline again (`retry`). `200` with the new status, or `202`"
        " with `pending` when it takes longer than the request waits.",
        headers={200: ("Location",), 202: ("Location", "Retry-After")},
        request={
            "release": {"decision": "release", "reason": "The team confirms it"},
            "hold": {"decision": "hold", "reason": "Reported, to be looked at"},
        },
        answers={
            200: only(
                {
                    "actionId": sample.HELD_ACTION_ID,
                    "decision": "release",
                    "status": "applied",
                }
            ),
            202: only(
                {
                    "actionId": sample.HELD_ACTION_ID,
                    "decision": "release",
                    "status": "pending",
                }
            ),
        },
    ),
    "decisions.trace": OperationWords(
        description="Why an action is what it is: what each check has found, what was decided and"
        " by whom, and the audit entries that prove it.",
        answers={200: only(TRACE)},
    ),
    "players.search": OperationWords(
        description="Players whose name begins so, whatever the case, and the one whose name"
        " looks so.",
        answers={200: only({"users": [PLAYER], "nextCursor": None})},
    ),
    "players.show": OperationWords(
        description="One player: the last actions, acts and appeals, and the clients they came"
        " from; of each list the last 50.",
        answers={
            200: only(
                {
                    **PLAYER,
                    "snoozes": {"velocity": _SNOOZED_UNTIL},
                    "actions": [
                        {
                            "actionId": sample.HELD_ACTION_ID,
                            "status": "quarantined",
                            "reason": "SCORE_BURST",
                            "score": 900,
                            "acceptedAt": "2026-11-27T09:41:12.518340Z",
                            "completedAt": "2026-11-27T09:41:12.540127Z",
                        }
                    ],
                    "acts": [CLAIM_ACT],
                    "appeals": [APPEAL],
                    "clients": [
                        {
                            "device": "e989a5a7",
                            "namesDevice": True,
                            "address": "cd331ad7",
                            "country": "DE",
                            "isHosting": False,
                            "actions": 11,
                            "lastUsedAt": sample.ACCEPTED_AT,
                            "othersOnDevice": 0,
                            "othersOnAddress": 2,
                        }
                    ],
                }
            )
        },
    ),
    "players.snooze": OperationWords(
        description="Lets one check not count for a player until a time.",
        request=only(
            {"check": "velocity", "until": "2126-12-04T10:00:00Z", "reason": "A tournament"}
        ),
        answers={
            200: only(
                {"userId": sample.USER_ID, "check": "velocity", "until": "2126-12-04T10:00:00Z"}
            )
        },
    ),
    "players.unsnooze": OperationWords(description="Lets a check count again."),
    "bans.ban": OperationWords(
        description="Takes a player off every board and refuses what they send, until a time or"
        " for good. Again, it changes the ban.",
        request={
            "for good": {"until": None, "reason": "CHEATING", "note": "An aimbot, on video"},
            "until a time": {"until": "2126-12-27T10:00:00Z", "reason": "ABUSE"},
        },
        answers={
            200: only(
                {
                    "userId": sample.USER_ID,
                    "reason": "CHEATING",
                    "from": "2026-11-27T10:12:00.384467Z",
                    "until": None,
                }
            )
        },
    ),
    "bans.unban": OperationWords(
        description="Ends a ban at once; the player is back on every board.",
        request=only({"reason": "It was the brother"}),
    ),
}
