"""`revision`: write a revision file, by hand or from what the models say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sst.migrator.commands.look import look, refuse_ahead
from sst.migrator.commands.revision_rows import refuse_pending
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")


def write_revision(context: Context, message: str, head: str | None) -> Report:
    """Write an empty revision file that follows *head*, or the project's own head."""
    project = context.project
    path = project.new_revision(
        message, autogenerate=False, connection=None, url=context.url, head=head
    )
    return Report(heads=project.heads, path=str(path))


def autogenerate_revision(context: Context, message: str, head: str | None) -> Report:
    """Write what the models say and the schema lacks; nothing may be pending."""
    project, warnings = context.project, list[str]()
    with look(context) as inspection:
        refuse_ahead(context, inspection)
        refuse_pending(inspection.status)
        inspection.connection.rollback()
        path = project.new_revision(
            message,
            autogenerate=True,
            connection=inspection.connection,
            url=context.url,
            head=head,
            on_warning=warnings.append,
        )
    for line in warnings:
        log.warning("%s", line)
    file = None if path is None else str(path)
    return Report(heads=project.heads, path=file, warnings=tuple(warnings))
