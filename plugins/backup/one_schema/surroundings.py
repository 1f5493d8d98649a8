"""The rest of a database, without rows, around the one schema that is proven in a scratch one."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sst.hooks import Veto

from ..archive.pg_dump import CUSTOM, Archiver, Shape
from ..archive.prepared_rebuild import entries_without
from ..postgres.client_environment import client_environment
from ..postgres.database_session import asked
from .tenants import tenants_beside

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

    from ..archive.pg_restore import PgRestore
    from ..manifest.subject import Subject
    from ..postgres.client_programs import Tools
    from ..postgres.process import Deadline

_NOT_COPIED = "what the schema needs of its database cannot be copied for the proof"
# Other servers, and what would run while the schema is restored.
_LEFT_OUT = ("USER MAPPING ", "SUBSCRIPTION ", "PUBLICATION ", "EVENT TRIGGER ")
_MEMORY_KB = 64 * 1024


def surround(
    source: DatabaseUrl, subject: Subject, program: PgRestore, tools: Tools, deadline: Deadline
) -> None:
    """Make in *program*'s database what that of *source* has beside *subject*, without rows.

    Other tenants are left out, and so is what cannot be made without them, or without the subject:
    the schema does not need it, and where it does its restore says so.

    Raises `Veto` when the rest cannot be read.
    """
    beside = asked(source, partial(tenants_beside, own=subject.schema), deadline)
    with tempfile.TemporaryDirectory(prefix="sst-backup-") as folder:
        shape = Shape(CUSTOM, 1, "0", has_rows=False, without=(subject.schema, *beside))
        archive = Path(folder) / shape.name
        environment = client_environment(source, watched=True)
        try:
            Archiver(tools, environment, _NOT_COPIED).dump(source, Path(folder), shape, deadline)
        except Veto as veto:
            hint = f'{veto.hint}; or set plugins.backup.verify to "read", which restores nothing'
            raise Veto(veto.reason, hint, code="cannot_rebuild") from None
        with entries_without(_LEFT_OUT, archive, tools, deadline) as entries:
            program.restore_most(
                archive, "--no-password", "--no-owner", "--no-privileges", *entries
            )
