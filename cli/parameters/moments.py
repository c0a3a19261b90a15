"""Moments on the command line."""

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """A time in ISO 8601, in UTC unless it says otherwise."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time; raises BadParameter."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail("is not a time in ISO 8601", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


MOMENT = Moment()
