"""Signals in memory: what the store would know, for actions that come in order of their intake.

For simulations and backtests: the same checks see the same signals as in *screen*, without a
database. Memory grows with the number of players.
"""

from collections import defaultdict, deque
from collections.abc import Mapping

from domain.fraud.anomaly.model import Model
from domain.fraud.baseline import Baseline, BaselineRow, baseline_of
from domain.fraud.candidate import Candidate
from domain.fraud.judging import Judge
from domain.fraud.model import Screening, Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import PlaySession, Signals, Window

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
# As the keeper does: from the newest actions of each type, now and then.
BASELINE_ACTIONS = 5_000
BASELINE_EVERY = 2_000


class Memory:
    """What is known of all players so far; `sessions` are the play sessions by their ids."""

    def __init__(self, sessions: Mapping[str, PlaySession], model: Model | None = None) -> None:
        self._sessions = sessions
        self._model = model
        self._profiles: defaultdict[str, Profile] = defaultdict(Profile)
        self._windows: defaultdict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self._users: defaultdict[str, set[str]] = defaultdict(set)
        self._recent: defaultdict[str, deque[BaselineRow]] = defaultdict(
            lambda: deque(maxlen=BASELINE_ACTIONS)
        )
        self._last_us: dict[str, int] = {}
        self._baselines: dict[str, Baseline] = {}
        self._learned = 0

    def screen(self, action: Candidate, judge: Judge) -> Screening:
        """Screen the next action, and remember it as the store would."""
        return self.judge(action, self.read(action), judge)

    def read(self, action: Candidate) -> Signals:
        """Return the signals for the next action."""
        self._sight(action)
        return Signals(
            window=self._window_of(action),
            profile=self._profiles[action.user_id],
            sessions=self._sessions_of(action),
            users_by_subject=self._count_users(action),
            baselines=self._baselines,
            model=self._model,
        )

    def judge(self, action: Candidate, signals: Signals, judge: Judge) -> Screening:
        """Screen an action whose signals were just read, and remember it."""
        (screening,) = judge.screen_user([action], signals)
        if screening.verdict is not Verdict.REJECT:
            self._windows[action.user_id].append((action.accepted_us, action.score))
        if screening.verdict is Verdict.PASS:
            self._learn(action)
        return screening

    def _window_of(self, action: Candidate) -> Window:
        earlier = self._windows[action.user_id]
        while earlier and earlier[0][0] <= action.accepted_us - HOUR_US:
            earlier.popleft()
        minute = action.accepted_us - MINUTE_US
        count = sum(1 for at, _ in earlier if at > minute)
        return Window(count, sum(score for _, score in earlier))

    def _sessions_of(self, action: Candidate) -> dict[str, PlaySession]:
        found = self._sessions.get(action.session_id) if action.session_id else None
        return {found.session_id: found} if found else {}

    def _sight(self, action: Candidate) -> None:
        if action.client is not None:
            for subject in action.client.subjects:
                self._users[subject].add(action.user_id)

    def _count_users(self, action: Candidate) -> dict[str, int]:
        if action.client is None:
            return {}
        return {subject: len(self._users[subject]) for subject in action.client.subjects}

    def _learn(self, action: Candidate) -> None:
        before_us = self._last_us.get(action.user_id)
        self._last_us[action.user_id] = action.accepted_us
        interval_ms = None if before_us is None else (action.accepted_us - before_us) / 1000
        row = BaselineRow(action.score, action.duration_ms, interval_ms)
        self._recent[action.action_type or ""].append(row)
        self._learned += 1
        if self._learned % BASELINE_EVERY == 0:
            found = {kind: baseline_of(rows) for kind, rows in self._recent.items()}
            self._baselines = {kind: each for kind, each in found.items() if each is not None}
