"""`flask --app wsgi archives …`: lists the archived months and checks their files."""

import click

from cli.errors import OperatorGroup
from domain.archives.checking import find_damage, list_archives
from web.http.responses import dump_json
from web.services import services

archives = OperatorGroup("archives", help="List and check the archives of old actions.")


@archives.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_all(as_json: bool) -> None:
    """Print the archived months, oldest first."""
    for archive in list_archives(services().store):
        if as_json:
            fields = {
                "partition": archive.name,
                "manifest": archive.manifest_name,
                "sha256": archive.sha256,
                "actions": archive.rows,
                "appliedScore": archive.applied_score,
                "from": archive.from_at,
                "until": archive.until_at,
                "archivedAt": archive.archived_at,
            }
            click.echo(dump_json(fields))
        else:
            click.echo(
                f"{archive.from_at:%Y-%m}  {archive.rows:>12} actions"
                f"  {archive.applied_score:>16} applied  {archive.manifest_name}"
            )


@archives.command("verify")
def verify() -> None:
    """Read every archive completely; name what is damaged and exit with 1."""
    store, folder = services().store, services().settings.archive_path
    damage = list(find_damage(store, archive_path=folder))
    for sentence in damage:
        click.echo(sentence)
    if damage:
        raise click.exceptions.Exit(1)
    click.echo(f"{len(list_archives(store))} archives are sound")
