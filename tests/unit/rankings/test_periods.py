"""Periods of every kind: their bounds in the board's zone, their keys, and rolling buckets."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.boards.model import BoardId
from domain.rankings.definition import BoardDefinition, PeriodKind, PeriodRule
from domain.rankings.model import Period
from domain.rankings.periods import (
    bucket_at,
    parse_period,
    period_after,
    period_at,
    period_before,
    window_start,
)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def make_board(kind: PeriodKind, zone: str = "UTC", **rule: object) -> BoardDefinition:
    return BoardDefinition(
        BoardId("board"), period=PeriodRule(kind, **rule), time_zone=ZoneInfo(zone)
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def period_of(board: BoardDefinition, text: str) -> Period:
    period = period_at(board, utc(text))
    assert period is not None
    return period


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2026-11-26", "2026-11-26T00:00", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00", 23),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00", 25),
        # Clocks move by half an hour.
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", 24.5),
        ("Asia/Kathmandu", "2026-11-26", "2026-11-25T18:15", 24),
        # From the last day before the one that was skipped to the first one after it.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00", 24),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00", 24),
        # Midnight is skipped: the day begins at 1:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),
        # Midnight is skipped within a gap from 23:30 to 0:30: the day begins at 0:30.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30", 23.5),
        # The hour before midnight comes twice, but for a minute of the new day between them.
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30", 25),
        # Midnight comes twice, at the end of the first hour of the day.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00", 25),
    ],
)
def test_a_day_is_as_long_as_in_its_zone(zone: str, day: str, start: str, hours: float) -> None:
    board = make_board(PeriodKind.DAILY, zone)
    period = Period(day, utc(start), utc(start) + hours * HOUR)
    assert parse_period(board, day) == period
    assert period_at(board, utc(start)) == period
    assert period_at(board, utc(start) + hours * HOUR - SECOND) == period
    assert period_at(board, utc(start) - SECOND) == period_before(board, period) != period
    assert period_at(board, utc(start) + hours * HOUR) == period_after(board, period) != period


def test_a_day_that_a_zone_skipped_has_no_period() -> None:
    board = make_board(PeriodKind.DAILY, "Pacific/Apia")
    before, after = parse_period(board, "2011-12-29"), parse_period(board, "2011-12-31")
    assert period_after(board, before) == after
    assert period_before(board, after) == before
    assert before.end == after.start
    with pytest.raises(ValueError, match="skipped"):
        parse_period(board, "2011-12-30")


@pytest.mark.parametrize("starts_on", range(7))
def test_a_week_has_the_iso_key_of_its_thursday(starts_on: int) -> None:
    board = make_board(PeriodKind.WEEKLY, starts_on=starts_on)
    at = utc("2020-12-01T12:00")
    for _ in range(400):
        period = period_at(board, at)
        assert period is not None
        assert period.start is not None
        assert period.end is not None
        assert period.start <= at < period.end
        assert period.start.weekday() == starts_on
        assert period.end - period.start == timedelta(days=7)
        (thursday,) = (
            day
            for day in (period.start + timedelta(days=number) for number in range(7))
            if day.weekday() == 3
        )
        assert period.key == f"{thursday:%G-W%V}"
        assert parse_period(board, period.key) == period
        at += timedelta(days=1)


def test_a_week_may_belong_to_another_year_than_its_days() -> None:
    board = make_board(PeriodKind.WEEKLY)
    assert period_of(board, "2021-01-01T00:00").key == "2020-W53"
    assert period_of(board, "2024-12-30T00:00").key == "2025-W01"
    sundays = make_board(PeriodKind.WEEKLY, starts_on=6)
    week = Period("2026-W48", utc("2026-11-22"), utc("2026-11-29"))
    assert period_of(sundays, "2026-11-22") == week


def test_months_and_years_are_those_of_the_zone() -> None:
    month = make_board(PeriodKind.MONTHLY, "Europe/Berlin")
    expected = Period("2027-01", utc("2026-12-31T23:00"), utc("2027-01-31T23:00"))
    assert period_of(month, "2026-12-31T23:00") == expected
    assert period_of(month, "2026-12-31T22:59").key == "2026-12"
    assert parse_period(month, "2026-10").end == utc("2026-10-31T23:00")
    year = make_board(PeriodKind.YEARLY, "Asia/Kathmandu")
    assert period_of(year, "2026-12-31T18:15").key == "2027"
    assert parse_period(year, "2027").start == utc("2026-12-31T18:15")
    assert period_after(year, parse_period(year, "2027")) == parse_period(year, "2028")


def test_a_season_runs_from_its_start_to_its_end() -> None:
    start, end = utc("2026-11-01"), utc("2026-12-01")
    board = make_board(PeriodKind.SEASON, start=start, end=end)
    season = Period("season", start, end)
    assert period_at(board, start) == period_at(board, end - SECOND) == season
    assert period_at(board, start - SECOND) is period_at(board, end) is None
    assert parse_period(board, "season") == season
    assert period_before(board, season) is period_after(board, season) is None


@pytest.mark.parametrize("kind", [PeriodKind.NONE, PeriodKind.ROLLING])
def test_other_boards_have_one_period(kind: PeriodKind) -> None:
    board = make_board(kind, window=timedelta(days=7))
    only = Period("all" if kind is PeriodKind.NONE else "rolling")
    assert period_of(board, "2026-11-26") == parse_period(board, only.key) == only
    assert period_before(board, only) is period_after(board, only) is None


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (PeriodKind.NONE, ["", "season", "All"]),
        (PeriodKind.ROLLING, ["all", "7d"]),
        (PeriodKind.SEASON, ["all", "2026"]),
        (
            PeriodKind.DAILY,
            ["", "all", "2026-11", "2026-W47", "2026-02-29", "2026-1-1", "20261126"],
        ),
        (PeriodKind.DAILY, ["0000-01-01", "9999-12-31", "2026-11-26 ", "2026-11-26\n"]),
        (PeriodKind.DAILY, ["٢٠٢٦-11-26", "-026-11-26"]),
        (
            PeriodKind.WEEKLY,
            ["2026-W54", "2026-W00", "2025-W53", "2026-w47", "2026W47", "0000-W01"],
        ),
        (PeriodKind.MONTHLY, ["2026-13", "2026-00", "2026-1", "9999-12", "2026-11-01"]),
        (PeriodKind.YEARLY, ["0000", "9999", "26", "20266"]),
    ],
)
def test_a_key_that_is_none_is_refused(kind: PeriodKind, keys: list[str]) -> None:
    board = make_board(kind, start=utc("2026-11-01"), end=utc("2026-12-01"))
    for key in keys:
        with pytest.raises(ValueError):
            parse_period(board, key)


def test_buckets_of_a_day_are_hours() -> None:
    board = make_board(PeriodKind.ROLLING, "Asia/Kathmandu", window=timedelta(hours=24))
    assert bucket_at(board, utc("2026-11-26T13:59:59")) == utc("2026-11-26T13:00")
    assert window_start(board, utc("2026-11-26T13:59:59")) == utc("2026-11-25T13:00")


def test_buckets_of_days_are_those_of_the_zone() -> None:
    board = make_board(PeriodKind.ROLLING, "Europe/Berlin", window=timedelta(days=7))
    assert bucket_at(board, utc("2026-11-26T22:59")) == utc("2026-11-25T23:00")
    assert bucket_at(board, utc("2026-11-26T23:00")) == utc("2026-11-26T23:00")
    assert window_start(board, utc("2026-11-26T12:00")) == utc("2026-11-18T23:00")


def test_a_window_loses_nothing_after_a_short_day() -> None:
    board = make_board(PeriodKind.ROLLING, "Europe/Berlin", window=timedelta(days=7))
    # 0:30 on the day after the one of 23 hours: seven days ago it was 23:30 of the day before.
    assert window_start(board, utc("2026-03-29T22:30")) == utc("2026-03-21T23:00")
    assert window_start(board, utc("2026-03-29T23:00")) == utc("2026-03-22T23:00")


def test_a_bucket_ends_at_the_first_midnight_of_two() -> None:
    board = make_board(PeriodKind.ROLLING, "America/St_Johns", window=timedelta(days=7))
    # Local time is 23:31 of the day before, for the second time.
    now = utc("2010-11-07T03:00")
    assert bucket_at(board, now) == utc("2010-11-07T02:30")
    assert window_start(board, now) == bucket_at(board, now - timedelta(days=7))
