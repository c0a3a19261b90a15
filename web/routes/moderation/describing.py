"""What moderators are answered, as JSON: cases, acts, players and traces."""

from datetime import datetime
from hashlib import blake2s
from typing import Any
from uuid import UUID

from domain.fraud.policy import HOLD_AT, REJECT_AT
from domain.moderation.claims import CLAIM
from domain.moderation.tracing import CheckOutcome
from domain.step_up.model import StepUp
from domain.store.postgres.moderation.act_lists import ActRow
from domain.store.postgres.moderation.appeals import AppealRow
from domain.store.postgres.moderation.case_lists import CaseRow, HeldRow
from domain.store.postgres.moderation.players import ClientRow, PlayerRow
from domain.store.postgres.moderation.traces import RecordedTransition, TracedAction

LABEL_BYTES = 4


def label(subject: UUID) -> str:
    """Return a short name of a device or address, by which a reader can tell it from others.

    The hash itself is not shown: who has it could look for it elsewhere.
    """
    return blake2s(subject.bytes, digest_size=LABEL_BYTES).hexdigest()


def describe_case(case: CaseRow, *, viewer: str, now: datetime) -> dict[str, Any]:
    """Return a case; `viewer` is who asks."""
    claim = None
    if case.claimed_at is not None and case.claimed_at + CLAIM > now:
        claim = {
            "by": case.claimed_by,
            "username": case.claimer_name,
            "until": case.claimed_at + CLAIM,
            "isMine": case.claimed_by == viewer,
        }
    return {
        "caseId": case.case_id,
        "userId": case.user_id,
        "username": case.username,
        "state": case.state,
        "openedAt": case.opened_at,
        "lastSignalAt": case.last_signal_at,
        "closedAt": case.closed_at,
        "heldActions": case.held_actions,
        "heldScore": case.held_score,
        "reasons": case.reasons,
        "openAppeals": case.open_appeals,
        "claim": claim,
    }


def describe_held(action: HeldRow) -> dict[str, Any]:
    """Return a held action."""
    return {
        "actionId": action.action_id,
        "score": action.score,
        "reason": action.reason,
        "actionType": action.action_type,
        "timestamp": action.timestamp,
        "acceptedAt": action.accepted_at,
        "checks": action.checks,
        "policyNo": action.policy_no,
    }


def describe_act(act: ActRow) -> dict[str, Any]:
    """Return what a moderator did, and the audit entry of it."""
    return {
        "actId": act.act_id,
        "kind": act.kind,
        "by": act.by,
        "userId": act.user_id,
        "actionId": act.action_id,
        "caseId": act.case_id,
        "reason": act.reason,
        "details": act.details,
        "at": act.at,
        "seq": act.seq,
        "hash": act.hash,
    }


def describe_appeal(appeal: AppealRow) -> dict[str, Any]:
    """Return an appeal."""
    return {
        "actionId": appeal.action_id,
        "message": appeal.message,
        "at": appeal.created_at,
        "state": appeal.state,
        "decidedAt": appeal.decided_at,
    }


def describe_player(player: PlayerRow) -> dict[str, Any]:
    """Return a player as search finds them."""
    ban = {
        "reason": player.ban_reason,
        "from": player.banned_from,
        "until": player.banned_until,
    }
    return {
        "userId": player.user_id,
        "username": player.username,
        "createdAt": player.created_at,
        "score": player.score,
        "totalActions": player.total_actions,
        "ban": ban if player.is_banned else None,
        "caseId": player.case_id,
    }


def describe_client(client: ClientRow) -> dict[str, Any]:
    """Return a client of a player, and how many other players were seen there."""
    return {
        "device": label(client.device),
        "namesDevice": client.names_device,
        "address": label(client.address),
        "country": client.country or None,
        "isHosting": client.is_hosting,
        "actions": client.actions,
        "lastUsedAt": client.last_used_at,
        "othersOnDevice": client.others_on_device,
        "othersOnAddress": client.others_on_address,
    }


def describe_traced(action: TracedAction) -> dict[str, Any]:
    """Return what is stored of a traced action."""
    return {
        "actionId": action.action_id,
        "userId": action.user_id,
        "username": action.username,
        "isArchived": action.status is None,
        "status": action.status,
        "reason": action.reason,
        "score": action.score,
        "actionType": action.action_type,
        "timestamp": action.timestamp,
        "metadata": action.metadata,
        "acceptedAt": action.accepted_at,
        "completedAt": action.completed_at,
        "previousScore": action.previous_score,
        "newScore": action.new_score,
        "verdict": action.verdict,
        "verdictReason": action.verdict_reason,
        "policyNo": action.policy_no,
        "thresholds": _describe_thresholds(action),
        "stepUp": None if action.status is None else StepUp(action.step_up or 0).name.lower(),
        "client": _describe_client_of(action),
    }


def describe_check(check: CheckOutcome) -> dict[str, Any]:
    """Return what a check made of an action, and what it has found if it has."""
    return {"check": check.name, "outcome": check.outcome, **check.found}


def describe_transition(transition: RecordedTransition) -> dict[str, Any]:
    """Return a transition, and the audit entry that has it."""
    return {
        "status": transition.status,
        "reason": transition.reason,
        "previousScore": transition.previous_score,
        "newScore": transition.new_score,
        "version": transition.version,
        "seq": transition.seq,
        "hash": transition.hash,
    }


def _describe_thresholds(action: TracedAction) -> dict[str, float] | None:
    if action.verdict is None:
        return None
    hold_at, reject_at = action.thresholds or (HOLD_AT, REJECT_AT)
    return {"holdAt": hold_at, "rejectAt": reject_at}


def _describe_client_of(action: TracedAction) -> dict[str, Any] | None:
    if action.device is None or action.address is None:
        return None
    return {
        "device": label(action.device),
        "address": label(action.address),
        "country": action.country or None,
        "isHosting": action.is_hosting,
    }
