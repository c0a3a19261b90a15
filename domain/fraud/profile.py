"""The profile: what screening remembers of one player, in less than 700 bytes.

Its text is one flat JSON list of integers: the version, the lengths of its parts, then the parts.
`domain/fraud/judging.py` lets it learn; the store reads and writes its text.
"""

from math import log
from operator import attrgetter
from typing import Any

import orjson

from domain.fraud.candidate import Candidate, Client
from domain.fraud.clock import Clock
from domain.fraud.habit import Habit, type_key
from domain.fraud.model import Verdict

VERSION = 1

MOST_CLOCKS = 3
MOST_HABITS = 5
MOST_INTERVALS = 20
MOST_STAMPS = 8

PAUSE_MS = 30 * 60_000
"""A longer interval is a pause: how regularly somebody plays is asked of what comes after it."""

SHORTEST_MS = 50
"""Actions closer together came together, and there is no interval between them."""

REST_MS = 2 * 3_600_000
"""A gap this long ends a stretch of play."""

TOGETHER_MS = 600_000
"""Two devices that take turns within this time are in use at once."""

MOVE_MS = 3_600_000
"""A change of country within this time of the action before is remembered as a move."""

_STAMP_MODULUS = 100_000_000
_NOWHERE = 1 << 20

_OWN = (
    *("seen", "last_ms", "stretch_ms", "stretch_actions", "flips"),
    *("place_ms", "latitude", "longitude", "country", "moves"),
)
_CLOCK = (
    *("device", "last_ms", "latest_ms", "observed"),
    *("agreeing", "offset_ms", "deviation_ms", "disorder"),
)
_HABIT = ("key", "scores", "mean", "deviation", "top", "near_top")

_read_own = attrgetter(*_OWN)
_read_clock = attrgetter(*_CLOCK)
_read_habit = attrgetter(*_HABIT)

# The version, the parts' lengths, and what is not in a list.
_HEAD = 1 + 4 + len(_OWN)


def device_key(client: Client | None) -> int:
    """Return the number that stands for a device in a profile; 0 for no client."""
    return int(client.device[:8], 16) if client is not None else 0


def country_key(country: str) -> int:
    """Return the number that stands for a country in a profile; 0 for unknown."""
    return ord(country[0]) << 8 | ord(country[1]) if len(country) == 2 else 0


def has_coordinates(client: Client) -> bool:
    """Return whether the client's place is known by latitude and longitude."""
    latitude, longitude = client.latitude, client.longitude
    return (
        latitude is not None
        and longitude is not None
        and -90 <= latitude <= 90
        and -180 <= longitude <= 180
    )


def shorten_stamp(timestamp_ms: int) -> int:
    """Return a client's time as a profile's `stamps` have it: unique within a day."""
    return timestamp_ms % _STAMP_MODULUS


class Profile:
    """What is remembered of one player; times are milliseconds since 1970 by PostgreSQL's clock.

    `seen` actions; the last at `last_ms`. The stretch of play since `stretch_ms` has had no rest.
    `flips` is the share (of 1000) of recent actions that came from another device than the one
    before, shortly after it. The last known place: when, hundredths of degrees, country; `moves` is
    the share (of 1000) of recent actions that came from another country shortly after the last.
    `intervals` are of ln(ms), in hundredths; `stamps` the client's last times, shortened. `clocks`
    and `habits` are of the devices and action types seen last, the newest first.
    """

    __slots__ = (*_OWN, "clocks", "habits", "intervals", "is_unreadable", "stamps")

    seen: int
    last_ms: int
    stretch_ms: int
    stretch_actions: int
    flips: int
    place_ms: int
    latitude: int
    longitude: int
    country: int
    moves: int

    def __init__(self) -> None:
        self.seen = self.last_ms = self.stretch_ms = self.stretch_actions = self.flips = 0
        self.place_ms = self.country = self.moves = 0
        self.latitude = self.longitude = _NOWHERE
        self.clocks: list[Clock] = []
        self.habits: list[Habit] = []
        self.intervals: list[int] = []
        self.stamps: list[int] = []
        self.is_unreadable = False

    @property
    def has_coordinates(self) -> bool:
        """Whether the last known place has a latitude and a longitude."""
        return self.latitude != _NOWHERE

    @classmethod
    def decode(cls, text: str) -> "Profile":
        """Return the profile of a text; of one that cannot be read, an empty one that says so."""
        profile = cls()
        try:
            values = orjson.loads(text)
        except ValueError:
            values = None
        if not _is_whole(values):
            profile.is_unreadable = True
            return profile
        _, clocks, habits, intervals, stamps = values[:5]
        (
            profile.seen,
            profile.last_ms,
            profile.stretch_ms,
            profile.stretch_actions,
            profile.flips,
            profile.place_ms,
            profile.latitude,
            profile.longitude,
            profile.country,
            profile.moves,
        ) = values[5:_HEAD]
        at = _HEAD
        for _ in range(clocks):
            profile.clocks.append(Clock(*values[at : at + 8]))
            at += 8
        for _ in range(habits):
            profile.habits.append(Habit(*values[at : at + 6]))
            at += 6
        profile.intervals = values[at : at + intervals]
        profile.stamps = values[at + intervals : at + intervals + stamps]
        return profile

    def encode(self) -> str:
        """Return the text that `decode` reads."""
        clocks, habits = self.clocks, self.habits
        head = (VERSION, len(clocks), len(habits), len(self.intervals), len(self.stamps))
        values = [*head, *_read_own(self)]
        for clock in clocks:
            values += _read_clock(clock)
        for habit in habits:
            values += _read_habit(habit)
        values += self.intervals
        values += self.stamps
        return orjson.dumps(values).decode()

    def find_clock(self, device: int) -> Clock | None:
        """Return what is known of the clock of a device."""
        for clock in self.clocks:
            if clock.device == device:
                return clock
        return None

    def find_habit(self, key: int) -> Habit | None:
        """Return what is known of the scores of an action type."""
        for habit in self.habits:
            if habit.key == key:
                return habit
        return None

    def observe(self, action: Candidate, verdict: Verdict) -> None:
        """Learn from an action that has been judged.

        A held one counts for clocks, intervals and places, which only say what was done when and
        where; scores are learned from what passed alone, or a cheater would teach, one held action
        after the other, that such scores are usual. Of a rejected one only the device's clock is
        learned: a clock that is steadily fast is rejected until it is known.
        """
        now_ms = action.accepted_us // 1000
        stamp_ms = action.timestamp_us // 1000
        device = device_key(action.client)
        if verdict is not Verdict.REJECT:
            self.seen += 1
            self._learn_time(now_ms, device)
            self._learn_stamp(stamp_ms)
            if action.client is not None:
                self._learn_place(now_ms, action.client)
            self._learn_score(action, verdict)
        self._learn_clock(now_ms, stamp_ms, device)

    def _learn_time(self, now_ms: int, device: int) -> None:
        gap_ms = now_ms - self.last_ms
        if gap_ms >= REST_MS:
            self.stretch_ms, self.stretch_actions = now_ms, 0
        self.stretch_actions += 1
        if gap_ms > PAUSE_MS:
            self.intervals.clear()
        elif gap_ms >= SHORTEST_MS:
            self.intervals.append(int(log(gap_ms) * 100))
            del self.intervals[:-MOST_INTERVALS]
        if self.clocks:
            if self.clocks[0].device != device and gap_ms < TOGETHER_MS:
                self.flips += (1000 - self.flips) // 4
            else:
                self.flips -= self.flips // 10
        if gap_ms > 0:
            self.last_ms = now_ms

    def _learn_stamp(self, stamp_ms: int) -> None:
        stamp = shorten_stamp(stamp_ms)
        if stamp not in self.stamps:
            self.stamps.append(stamp)
            del self.stamps[:-MOST_STAMPS]

    def _learn_place(self, now_ms: int, client: Client) -> None:
        if has_coordinates(client):
            self.latitude = int((client.latitude or 0.0) * 100)
            self.longitude = int((client.longitude or 0.0) * 100)
        elif client.country:
            self.latitude = self.longitude = _NOWHERE
        else:
            return
        country = country_key(client.country)
        if country != self.country and self.country and now_ms - self.place_ms < MOVE_MS:
            self.moves += (1000 - self.moves) // 3
        else:
            self.moves -= self.moves // 20
        self.place_ms, self.country = now_ms, country

    def _learn_score(self, action: Candidate, verdict: Verdict) -> None:
        key = type_key(action.action_type)
        habits = self.habits
        if not habits or habits[0].key != key:
            habit = self.find_habit(key)
            if habit is None:
                habit = Habit(key)
                del habits[MOST_HABITS - 1 :]
            else:
                habits.remove(habit)
            habits.insert(0, habit)
        habits[0].count_near_top(action.score)
        if verdict is Verdict.PASS:
            habits[0].learn(action.score)

    def _learn_clock(self, now_ms: int, stamp_ms: int, device: int) -> None:
        clocks = self.clocks
        if not clocks or clocks[0].device != device:
            clock = self.find_clock(device)
            if clock is None:
                clock = Clock(device)
                del clocks[MOST_CLOCKS - 1 :]
            else:
                clocks.remove(clock)
            clocks.insert(0, clock)
        clocks[0].observe(now_ms, stamp_ms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and self.encode() == other.encode()

    __hash__ = None  # type: ignore[assignment]


def _is_whole(values: Any) -> bool:
    """Return whether these are a profile's values: integers, and as many as their head says."""
    if type(values) is not list or len(values) < _HEAD or {*map(type, values)} != {int}:
        return False
    version, clocks, habits, intervals, stamps = values[:5]
    if version != VERSION or min(clocks, habits, intervals, stamps) < 0:
        return False
    parts = len(_CLOCK) * clocks + len(_HABIT) * habits + intervals + stamps
    return bool(len(values) == _HEAD + parts)
