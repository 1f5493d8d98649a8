"""The commands `backup create|list|show|verify|prune` and `restore`: parse, call, print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sst.hooks import CommandResult, works_on_many

from ..manifest.origin import FLAG
from ..one_schema.replaced import left_alone as schema_left_alone
from ..postgres.marks import left_alone
from ..verify.verifier import PROVEN
from . import operations
from .backup_id import BackupId, BoundCommand
from .texts import details, listing_data, listing_rows, printable, summary, unproven_rows

if TYPE_CHECKING:
    from sst.hooks import CommandContext

    from ..settings import Config

_LEVELS = ("read", "restore")


def commands_of(config: Config) -> list[click.Command]:
    """Return the plugin's commands, for its *config*."""
    group = click.Group("backup", help="Make, look at, prove and remove backups.")
    for command in (_create, _list, _show, _verify, _prune):
        bound = _bound(command, config)
        group.add_command(works_on_many(bound) if command is _create else bound)
    return [group, _bound(_restore, config)]


def _bound(command: click.Command, config: Config) -> click.Command:
    """Give *command* the config: a click object is made before there is one."""
    callback = command.callback
    assert callback is not None  # noqa: S101 - each of them is made from a function

    @click.pass_obj
    def call(context: CommandContext, /, **options: Any) -> CommandResult:
        result: CommandResult = callback(config, context, **options)
        return result

    return BoundCommand(
        config, command.name, params=command.params, callback=call, help=command.help
    )


_lock_wait = click.option(
    "--lock-wait",
    "lock_wait_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Wait this long for a migration to end (default: migrate.lock_wait).",
)

_from_another_server = click.option(
    FLAG,
    "from_another_server",
    is_flag=True,
    help="Accept a backup of another server, or one that names no server.",
)


@click.command("create")
@_lock_wait
def _create(
    config: Config, context: CommandContext, lock_wait_seconds: float | None
) -> CommandResult:
    """Back the database, or the schema, up now, as a run does before it changes anything."""
    stored = operations.create(config, context, lock_wait_seconds)
    rows = printable([("backup", stored.id, PROVEN[stored.manifest.verified], stored.uri)])
    rows += unproven_rows(stored.manifest)
    warnings = stored.backup.warnings
    return CommandResult(data=summary(stored), warnings=warnings, backup=stored.backup, rows=rows)


@click.command("list")
def _list(config: Config, context: CommandContext) -> CommandResult:
    """List the backups, newest first, of a schema its own; the database need not answer."""
    listing = operations.listed(config, context)
    warning = "; ".join(filter(None, [listing.unreachable, listing.elsewhere]))
    warnings = (warning,) if warning else ()
    rows = listing_rows(listing, operations.storage_of(config, context).directory)
    return CommandResult(data=listing_data(listing), warnings=warnings, rows=rows)


@click.command("show")
@click.argument("backup_id", cls=BackupId, metavar="ID")
@_from_another_server
def _show(
    config: Config, context: CommandContext, backup_id: str, *, from_another_server: bool
) -> CommandResult:
    """Show all that is known about the backup ID: an id, the beginning of one, or `latest`."""
    stored = operations.find(config, context, backup_id, from_another_server=from_another_server)
    tables = {"tables": dict(stored.manifest.tables)}
    data = {**summary(stored), **tables}
    return CommandResult(data=data, backup=stored.backup, rows=details(stored))


@click.command("verify")
@click.argument("backup_id", cls=BackupId, metavar="ID")
@click.option(
    "--level",
    type=click.Choice(_LEVELS),
    default="read",
    help="read: decode every byte (default); restore: into a scratch database, and count.",
)
@_from_another_server
def _verify(
    config: Config,
    context: CommandContext,
    backup_id: str,
    level: str,
    *,
    from_another_server: bool,
) -> CommandResult:
    """Prove again that the backup ID is what was written and can be restored."""
    found = operations.find(config, context, backup_id, from_another_server=from_another_server)
    stored = operations.verify(config, context, found, level)
    rows = printable([("sound", stored.id, level, stored.uri)])
    data = {**summary(stored), "level": level}
    return CommandResult(data=data, backup=stored.backup, rows=rows)


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@_lock_wait
def _prune(
    config: Config, context: CommandContext, *, dry_run: bool, lock_wait_seconds: float | None
) -> CommandResult:
    """Remove the backups that no rule keeps, and databases that restores replaced long ago."""
    from . import prune_operations

    plan = prune_operations.prune(config, context, lock_wait_seconds, dry_run=dry_run)
    rows = printable(plan.rows or [("nothing to prune",)])
    return CommandResult(data=plan.to_dict(), warnings=plan.warnings, rows=rows)


@click.command("restore")
@click.argument("backup_id", cls=BackupId, metavar="ID", required=False)
@click.option("--undo", is_flag=True, help="Put back the database that a restore replaced last.")
@click.option("--confirm", metavar="NAME", help="The database's name, for scripts.")
@click.option("--drop-old", is_flag=True, help="Drop the replaced database when all is done.")
@click.option(
    "--no-owner",
    is_flag=True,
    help="Give everything to the role of migrations and leave grants out: for a server without"
    " the backup's roles.",
)
@click.option(
    "--search-path",
    default="",
    metavar="SCHEMAS",
    help="Schemas in which functions find names without a schema meanwhile, such as `public`.",
)
@click.option(
    "--template",
    default="",
    metavar="NAME",
    help="Rebuild in a copy of this database; its objects (extensions) are not created.",
)
@click.option(
    "--from-archive", is_flag=True, help="Use the archive although there is a template copy."
)
@_from_another_server
@_lock_wait
def _restore(
    config: Config,
    context: CommandContext,
    backup_id: str | None,
    *,
    undo: bool,
    confirm: str | None,
    lock_wait_seconds: float | None,
    **options: Any,
) -> CommandResult:
    """Replace the database, or the schema, by the backup ID: an id, its beginning, or `latest`.

    It is rebuilt beside the live one and compared; then the two change names. The replaced one
    is kept, and `restore --undo` puts it back. It asks for the name of what is replaced.
    """
    if undo == bool(backup_id):
        raise click.UsageError(
            "Name a backup: an ID, `latest`, or --undo for the database that was replaced last."
        )
    if context.schema and options["template"]:
        raise click.UsageError("--template is for a database that is rebuilt, not for one schema.")
    from . import restore_operations

    request = restore_operations.Request(backup_id, confirm, lock_wait_seconds, **options)
    done = restore_operations.restore(config, context, request)
    rows = [(done.restored.message,)]
    if done.restored.kept_as:
        rows.append((f"kept: {done.restored.kept_as} (python migrate.py restore --undo)",))
    data = restore_operations.restored_data(done)
    explain = schema_left_alone if context.schema else left_alone
    warnings = tuple(map(explain, done.unmarked))
    return CommandResult(
        data=data, backup=done.backup, run_id=done.run_id, warnings=warnings, rows=rows
    )
