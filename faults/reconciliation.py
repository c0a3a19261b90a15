"""What became of everything that was sent, asked of PostgreSQL when all is quiet again.

The ledger lives in memory: PostgreSQL is one of the things that are killed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psycopg2.extensions

from faults.client import Client, Sent
from rig.traffic import Entry, Player

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
    """Return whether nobody can say from this answer what became of the action."""
    return status < 200 or status >= 500


@dataclass
class Verdict:
    """What became of the actions of one scenario; `faults` names what must not be."""

    sent: int = 0
    acknowledged: int = 0
    unknown: int = 0  # no answer or a 5xx at first; each was resolved by asking again
    lost: int = 0  # acknowledged, and not there or never final
    doubled: int = 0  # there twice, or counted twice
    late: int = 0  # final only after the time that is promised
    faults: list[str] = field(default_factory=list)


class Ledger:
    """All that was acknowledged since the stores were new, and what every player must have."""

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
        """Resolve what is unknown, then compare all of it with the tables.

        Actions with `failing_score` must end `failed`, all others `applied`.
        """
        actions = _by_id(sent)
        unknown = [one for one in actions.values() if is_unknown(one.status)]
        answered = {one.action_id: one.status for one in actions.values()}
        answered |= asyncio.run(self._resolve(unknown))
        taken = {name for name, status in answered.items() if status in (*ACCEPTED, CONFLICT)}
        verdict = Verdict(sent=len(actions), acknowledged=len(taken), unknown=len(unknown))
        unresolved = sorted(name for name, status in answered.items() if is_unknown(status))
        verdict.faults += [f"{name}: no answer to the end" for name in unresolved]
        refused = set(answered) - taken - set(unresolved)
        verdict.faults += [f"{name}: refused with {answered[name]}" for name in sorted(refused)]
        rows = self._read_rows(connection, list(actions), healed_at)
        for name, action in actions.items():
            wanted = "failed" if action.score == failing_score else "applied"
            fate = _Fate(action, rows.get(name, []), wanted)
            fate.enter(verdict, is_taken=name in taken, final_seconds=final_seconds)
            if fate.is_applied:
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
                verdict.faults.append(f"player {user} has {found}, the ledger says {expected}")

    async def _resolve(self, unknown: list[Sent]) -> dict[str, int]:
        """Send each again with its id until it is known; 409 says that the first one counted."""
        client = Client(self.port)
        try:
            found = await asyncio.gather(*(self._ask_again(client, one) for one in unknown))
        finally:
            client.close()
        return {one.action_id: status for one, status in zip(unknown, found, strict=True)}

    async def _ask_again(self, client: Client, one: Sent) -> int:
        deadline = time.monotonic() + RESOLVE_SECONDS
        entry: Entry = (one.action_id, 0, one.score)
        members = describe_again(one)
        while True:
            answer, body = await client.complete(self._players[one.user_id], members, entry)
            if answer.status == CONFLICT and DUPLICATE not in body:
                return 400  # another action has this id: ours is not there
            if not is_unknown(answer.status) or time.monotonic() > deadline:
                return answer.status
            await asyncio.sleep(RETRY_SECONDS)


def describe_again(one: Sent) -> str:
    """Return the members of the same action's JSON, as `rig.traffic` made them."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(one.sent_at))
    return (
        f'"actionId":"{one.action_id}","score":{one.score},"timestamp":"{stamp}",'
        '"metadata":{"actionType":"level_complete","level":5,"duration":120000}'
    )


def _by_id(sent: list[Sent]) -> dict[str, Sent]:
    """Return the actions; of twins the one that was acknowledged speaks for all."""
    actions: dict[str, Sent] = {}
    for one in sent:
        if one.kind == "action" and (one.action_id not in actions or one.status in ACCEPTED):
            actions[one.action_id] = one
    return actions


@dataclass(frozen=True)
class _Fate:
    """One action beside its rows."""

    action: Sent
    rows: list[tuple[str, int, str, float | None]]
    wanted: str

    @property
    def is_applied(self) -> bool:
        return any(status == "applied" for _, _, status, _ in self.rows)

    def enter(self, verdict: Verdict, *, is_taken: bool, final_seconds: float) -> None:
        """Count what is wrong with it."""
        name = self.action.action_id
        if len(self.rows) > 1:
            verdict.doubled += 1
            verdict.faults.append(f"{name}: {len(self.rows)} rows")
        if not is_taken:
            if self.rows:
                verdict.faults.append(f"{name}: answered {self.action.status}, and it is there")
            return
        if not self.rows:
            verdict.lost += 1
            verdict.faults.append(f"{name}: acknowledged, and not there")
            return
        user_id, score, status, seconds = self.rows[0]
        if (user_id, score) != (self.action.user_id, self.action.score):
            verdict.faults.append(f"{name}: its row is another's")
        if status != self.wanted:
            verdict.lost += 1
            verdict.faults.append(f"{name}: it is {status} and should be {self.wanted}")
        elif seconds is None or seconds > final_seconds:
            verdict.late += 1
            verdict.faults.append(f"{name}: final after {seconds} s")
