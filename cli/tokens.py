"""`flask --app wsgi tokens …`: issues access tokens and revokes tokens and sessions."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TextIO
from uuid import UUID, uuid4

import click

from cli.errors import OperatorGroup
from domain.accounts.sessions import end_session, revoke_token, revoke_user
from domain.settings import Settings
from web.access.tokens import MAX_JTI_CHARS
from web.http.caller import ROLES
from web.http.responses import dump_json
from web.services import services

tokens = OperatorGroup("tokens", help="Issue access tokens, and revoke tokens and sessions.")


@tokens.command("issue")
@click.option("--role", type=click.Choice(ROLES), default="player", show_default=True)
@click.option("--subject", type=click.UUID, help="The user's id; a new one when left out.")
@click.option("--username", help="Name of a player who first appears with this token.")
@click.option("--count", type=click.IntRange(1, 100_000), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with the user.")
@click.option(
    "--players",
    "named",
    type=click.File(),
    help="Players with ids and names of their own: a file, or - for stdin, of one JSON object per"
    ' line, {"userId", "username"}.',
)
@click.option("--expires", "lifetime_seconds", type=click.IntRange(1), help="Seconds to live.")
def issue(
    role: str,
    subject: UUID | None,
    username: str | None,
    count: int,
    as_json: bool,
    named: TextIO | None,
    lifetime_seconds: int | None,
) -> None:
    """Print access tokens; nothing is stored, the first action makes the player's rows."""
    longest = services().settings.jwt_expiration
    if (lifetime_seconds or 0) > longest:
        raise click.BadParameter(
            f"the maximum is JWT_EXPIRATION, {longest}", param_hint="--expires"
        )
    if named is not None and (subject or username or count > 1):
        raise click.BadParameter(
            "not together with --subject, --username or --count", param_hint="--players"
        )
    if count > 1 and subject is not None:
        raise click.BadParameter(
            "--count above 1 makes a new user for each token", param_hint="--subject"
        )
    players = _read_players(named) if named else _list_players(subject, username, count)
    for user_id, name in players:
        token = services().verifier.codec.issue(
            user_id=user_id,
            username=name,
            roles=[role],
            lifetime_seconds=lifetime_seconds,
        )
        if as_json:
            token = dump_json({"userId": user_id, "username": name, "token": token}).decode()
        click.echo(token)


def _list_players(
    subject: UUID | None, username: str | None, count: int
) -> Iterator[tuple[UUID, str | None]]:
    for number in range(1, count + 1):
        name = f"{username}-{number}" if username and count > 1 else username
        yield subject or uuid4(), name


def _read_players(file: TextIO) -> list[tuple[UUID, str | None]]:
    """Return the players of the lines, before any token is printed."""
    players: list[tuple[UUID, str | None]] = []
    for number, line in enumerate(file, 1):
        try:
            given = json.loads(line)
            players.append((UUID(given["userId"]), str(given["username"])))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise click.BadParameter(
                f'line {number} is not {{"userId": UUID, "username": name}}',
                param_hint="--players",
            ) from error
    return players


@tokens.command("revoke")
@click.option("--subject", type=click.UUID, help="All sessions and tokens of this user.")
@click.option("--session", "session_id", type=click.UUID, help="One login: the claim `sid`.")
@click.option("--jti", help="One access token: the claim `jti`.")
def revoke(subject: UUID | None, session_id: UUID | None, jti: str | None) -> None:
    """Revoke tokens; every process refuses them within a second."""
    given = [value for value in (subject, session_id, jti) if value]
    if len(given) != 1 or (jti is not None and len(jti) > MAX_JTI_CHARS):
        raise click.UsageError("Name exactly one of --subject, --session and --jti.")
    store, until = services().store, _last_end(services().settings)
    if subject is not None:
        revoke_user(store, user_id=subject, until=until)
    elif session_id is not None:
        end_session(store, session_id=session_id, until=until)
    elif jti is not None:
        revoke_token(store, jti=jti, until=until)
    click.echo("revoked")


def _last_end(settings: Settings) -> datetime:
    """Return when the newest token that may exist now will have expired."""
    seconds = settings.jwt_expiration + 2 * settings.jwt_leeway_seconds
    return datetime.now(UTC) + timedelta(seconds=seconds)
