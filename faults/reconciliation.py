"""Compares everything that was sent with PostgreSQL, after the system has recovered.

The sent log is kept in memory, because PostgreSQL is among the things that are killed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psycopg2.extensions

from faults.client import Client, Sent
from rig.actions import Entry, encode_members
from rig.players import Player

RESOLVE_SECONDS = 40.0
RETRY_SECONDS = 0.3
DUPLICATE = b'"DUPLICATE_ACTION"'
ACCEPTED, CONFLICT = (200, 202), 409

_ROWS = """
SELECT action_id::text, user_id::text, score_delta, status,
       extract(epoch FROM completed_at - greatest(created_at, to_timestamp(%s)))::float
FROM user_actions WHERE action_id = ANY(%s::uuid[])
"""
_SCORES = """
SELECT user_id::text, s.score, coalesce(t.total_actions, 0)
FROM user_scores s LEFT JOIN user_stats t USING (user_id)
WHERE user_id = ANY(%s::uuid[]) AND s.reached_seq IS NOT NULL
"""


def is_unknown(status: int) -> bool:
    """Return whether this status leaves the outcome of the action unknown."""
    return status < 200 or status >= 500


@dataclass
class Verdict:
    """What became of the actions of one scenario; `faults` describes every violation."""

    sent: int = 0
    acknowledged: int = 0
    unknown: int = 0  # no answer or a 5xx at first; resolved by sending it again
    lost: int = 0  # acknowledged, but not stored or never final
    doubled: int = 0  # stored twice or counted twice
    late: int = 0  # final later than promised
    faults: list[str] = field(default_factory=list)


class SentLog:
    """All actions applied since the stores were created, and the expected score of each player."""

    def __init__(self, port: int, players: Iterable[Player]):
        self.port = port
        self._players = {player.user_id: player for player in players}
        self._scores: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def judge(
        self,
        sent: list[Sent],
        connection: psycopg2.extensions.connection,
        *,
        healed_at: float,
        final_seconds: float,
        failing_score: int | None = None,
    ) -> Verdict:
        """Resolve unknown outcomes, compare all actions with the tables, and return the verdict.

        Actions with `failing_score` must end as `failed`, all others as `applied`, within
        `final_seconds` of their acceptance or, when that is later, of `healed_at`.
        """
        actions = _by_id(sent)
        unknown = [one for one in actions.values() if is_unknown(one.status)]
        answered = {one.action_id: one.status for one in actions.values()}
        answered |= asyncio.run(self._resolve(unknown))
        taken = {name for name, status in answered.items() if status in (*ACCEPTED, CONFLICT)}
        verdict = Verdict(sent=len(actions), acknowledged=len(taken), unknown=len(unknown))
        unresolved = sorted(name for name, status in answered.items() if is_unknown(status))
        verdict.faults += [f"{name}: never answered" for name in unresolved]
        refused = set(answered) - taken - set(unresolved)
        verdict.faults += [f"{name}: refused with {answered[name]}" for name in sorted(refused)]
        rows = self._read_rows(connection, list(actions), healed_at)
        for name, action in actions.items():
            wanted = "failed" if action.score == failing_score else "applied"
            outcome = _Outcome(action, rows.get(name, []), wanted)
            outcome.add_to(verdict, is_taken=name in taken, final_seconds=final_seconds)
            if outcome.is_applied:
                self._scores[action.user_id] += action.score
                self._counts[action.user_id] += 1
        self._compare_sums(connection, verdict)
        return verdict

    def _read_rows(
        self, connection: psycopg2.extensions.connection, ids: list[str], healed_at: float
    ) -> Mapping[str, list[tuple[str, int, str, float | None]]]:
        found: dict[str, list[tuple[str, int, str, float | None]]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, (healed_at, ids))
            for action_id, *row in cursor.fetchall():
                found.setdefault(action_id, []).append((row[0], row[1], row[2], row[3]))
        return found

    def _compare_sums(self, connection: psycopg2.extensions.connection, verdict: Verdict) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SCORES, (list(self._players),))
            stored = {user: (score, count) for user, score, count in cursor.fetchall()}
        for user in self._players:
            expected = self._scores[user], self._counts[user]
            found = stored.get(user, (0, 0))
            if found != expected:
                verdict.doubled += found > expected
                verdict.faults.append(
                    f"player {user} has {found} and should have {expected} (score, actions)"
                )

    async def _resolve(self, unknown: list[Sent]) -> dict[str, int]:
        """Send each action again until its outcome is known; 409 means that it was stored."""
        client = Client(self.port)
        try:
            found = await asyncio.gather(*(self._ask_again(client, one) for one in unknown))
        finally:
            client.close()
        return {one.action_id: status for one, status in zip(unknown, found, strict=True)}

    async def _ask_again(self, client: Client, one: Sent) -> int:
        deadline = time.monotonic() + RESOLVE_SECONDS
        entry: Entry = (one.action_id, 0, one.score)
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(one.sent_at))
        members = encode_members(one.action_id, one.score, timestamp)
        while True:
            answer, body = await client.complete(self._players[one.user_id], members, entry)
            if answer.status == CONFLICT and DUPLICATE not in body:
                return 400  # another action has this id: ours was not stored
            if not is_unknown(answer.status) or time.monotonic() > deadline:
                return answer.status
            await asyncio.sleep(RETRY_SECONDS)


def _by_id(sent: list[Sent]) -> dict[str, Sent]:
    """Return the actions by id; of duplicates the one that was acknowledged."""
    actions: dict[str, Sent] = {}
    for one in sent:
        if one.kind == "action" and (one.action_id not in actions or one.status in ACCEPTED):
            actions[one.action_id] = one
    return actions


@dataclass(frozen=True)
class _Outcome:
    """One action, its rows, and the status that it must have."""

    action: Sent
    rows: list[tuple[str, int, str, float | None]]
    wanted: str

    @property
    def is_applied(self) -> bool:
        return any(status == "applied" for _, _, status, _ in self.rows)

    def add_to(self, verdict: Verdict, *, is_taken: bool, final_seconds: float) -> None:
        """Add everything that is wrong with the action to the verdict."""
        name = self.action.action_id
        if len(self.rows) > 1:
            verdict.doubled += 1
            verdict.faults.append(f"{name}: {len(self.rows)} rows")
        if not is_taken:
            if self.rows:
                verdict.faults.append(f"{name}: answered {self.action.status}, but it is stored")
            return
        if not self.rows:
            verdict.lost += 1
            verdict.faults.append(f"{name}: acknowledged, but not stored")
            return
        user_id, score, status, seconds = self.rows[0]
        if (user_id, score) != (self.action.user_id, self.action.score):
            verdict.faults.append(f"{name}: stored with another player or score")
        if status != self.wanted:
            verdict.lost += 1
            verdict.faults.append(f"{name}: status is {status} and should be {self.wanted}")
        elif seconds is None or seconds > final_seconds:
            verdict.late += 1
            verdict.faults.append(f"{name}: final after {seconds} s")
