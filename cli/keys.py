"""`flask --app wsgi keys …`: makes, lists and revokes the API keys of game servers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from cli.errors import CommandFailedError, OperatorGroup
from domain.accounts.api_keys import create_api_key, list_keys, revoke_api_key
from domain.store.postgres.accounts.api_keys import ApiKey
from web.http.caller import ROLES
from web.http.responses import dump_json
from web.services import services

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
LONGEST = timedelta(days=3660)

keys = OperatorGroup("keys", help="Make, list and revoke the API keys of game servers.")


class Duration(click.ParamType[timedelta]):
    """A time span: seconds, or a number with `m`, `h` or `d`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the span; fails unless it is more than nothing and at most ten years."""
        match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", str(value), re.ASCII)
        seconds = int(match[1]) * UNITS[match[2]] if match else 0
        if not 0 < seconds <= LONGEST.total_seconds():
            self.fail(f"{value!r} is not like 90d, 12h, 30m or 3600 (at most ten years)", param)
        return timedelta(seconds=seconds)


def check_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Return the name; raises BadParameter for one that is hard to type."""
    if not NAME.fullmatch(value):
        raise click.BadParameter("1 to 64 letters, digits, '.', '_' or '-'")
    return value


@keys.command("create")
@click.option("--name", required=True, callback=check_name, help="What uses it: `eu-server-1`.")
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    default=("service",),
    show_default=True,
    help="What it may do; may be repeated.",
)
@click.option("--expires", type=Duration(), help="How long it is valid: 90d; else forever.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the key.")
def create(name: str, roles: tuple[str, ...], expires: timedelta | None, as_json: bool) -> None:
    """Print a new key; it is shown this once, the store has its hash."""
    now = datetime.now(UTC)
    created = create_api_key(
        services().store,
        name=name,
        roles=roles,
        expires_at=now + expires if expires else None,
        now=now,
    )
    if created is None:
        raise CommandFailedError(f"there is a key named {name}; revoke it or choose another name")
    secret, key = created
    click.echo(dump_json({**_facts(key), "key": secret}).decode() if as_json else secret)


@keys.command("list")
@click.option("--all", "show_all", is_flag=True, help="Revoked ones too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_all(show_all: bool, as_json: bool) -> None:
    """Print the keys, oldest first: first characters, name, roles, end and last use."""
    for key in list_keys(services().store):
        if show_all or key.revoked_at is None:
            click.echo(dump_json(_facts(key)).decode() if as_json else _describe(key))


@keys.command("revoke")
@click.argument("key")
def revoke(key: str) -> None:
    """Revoke a key by its name, id or first characters; it ends everywhere within a second."""
    key_id = revoke_api_key(services().store, key=key, now=datetime.now(UTC))
    if key_id is None:
        raise CommandFailedError(f"there is no key {key} that is not revoked")
    click.echo(f"revoked {key_id}")


def _facts(key: ApiKey) -> dict[str, object]:
    return {
        "keyId": key.key_id,
        "name": key.name,
        "prefix": key.prefix,
        "roles": sorted(key.roles),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
    }


def _describe(key: ApiKey) -> str:
    end = f"until {_minute(key.expires_at)}" if key.expires_at else "without end"
    if key.revoked_at is not None:
        end = f"revoked {_minute(key.revoked_at)}"
    used = f"used {_minute(key.last_used_at)}" if key.last_used_at else "never used"
    return f"{key.prefix}…  {key.name:<24}  {','.join(sorted(key.roles)):<16}  {end}, {used}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"
