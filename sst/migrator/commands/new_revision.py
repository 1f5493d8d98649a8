"""`revision`: write a revision file, by hand or from what the models say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sst.migrator.commands.look import look, refuse_ahead
from sst.migrator.commands.revision_rows import refuse_pending
from sst.migrator.values.report import Report

if TYPE_CHECKING:
    from sst.bridge.new_revision.written import WrittenRevision
    from sst.migrator.values.context import Context


log = logging.getLogger("sst.migrate")


def write_revision(context: Context, message: str, head: str | None) -> Report:
    """Write an empty revision file that follows *head*, or the project's own head."""
    project = context.project
    written = project.new_revision(
        message, autogenerate=False, connection=None, url=context.url, head=head
    )
    return _report(written, project.heads)


def autogenerate_revision(context: Context, message: str, head: str | None) -> Report:
    """Write what the models say and the schema lacks; nothing may be pending."""
    project = context.project
    with look(context) as inspection:
        refuse_ahead(context, inspection)
        refuse_pending(inspection.status)
        inspection.connection.rollback()
        written = project.new_revision(
            message,
            autogenerate=True,
            connection=inspection.connection,
            url=context.url,
            head=head,
        )
    return _report(written, project.heads)


def _report(written: WrittenRevision, heads: tuple[str, ...]) -> Report:
    """Return what was written: the file for stdout, what is in it for stderr; log the warnings."""
    for line in written.warnings:
        log.warning("%s", line)
    return Report(
        heads=heads,
        path=None if written.path is None else str(written.path),
        lines=("models and schema agree; nothing written",) if written.is_agreed else None,
        notes=written.found,
        warnings=written.warnings,
        extras={"found": list(written.found)},
    )
