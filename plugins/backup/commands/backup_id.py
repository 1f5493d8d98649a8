"""The argument that names a backup, completed with those in the local store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ..store.listing import LATEST
from ..store.storage import Storage

if TYPE_CHECKING:
    from ..settings import Config


class BoundCommand(click.Command):
    """A command of the plugin, and its *config* for what completes its words."""

    def __init__(self, config: Config, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.config = config


class BackupId(click.Argument):
    """The id of a backup, the beginning of one, or `latest`."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the backups of the local store, newest first; a far one would take its time."""
        assert isinstance(ctx.command, BoundCommand)  # noqa: S101 - each of ours is
        near = ctx.command.config.model_copy(update={"upload_to": None})
        items = [CompletionItem(LATEST)]
        items += [
            CompletionItem(stored.id, help=f"{stored.manifest.subject}, {stored.made_at:%F %R}")
            for stored in Storage(near, ctx.obj.project_root).list()
        ]
        return [item for item in items if str(item.value).startswith(incomplete)]
