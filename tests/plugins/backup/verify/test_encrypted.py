"""An encrypted backup of a real database: made without the key, proven with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyrage
import pytest

from plugins.backup.postgres.process import Deadline
from plugins.backup.verify.verifier import RESTORE, Verifier
from tests.support.backups import backup_plugin
from tests.support.stores import names, storage

if TYPE_CHECKING:
    from pathlib import Path

    from plugins.backup.postgres.client_programs import Tools
    from sst.hooks import Run

pytestmark = pytest.mark.external


@pytest.mark.parametrize("shape", ["custom", "directory"])
def test_encrypted_backup_is_proven_by_restoring_it(
    run: Run, tmp_path: Path, real: Tools, shape: str
) -> None:
    me = pyrage.x25519.Identity.generate()
    recipients = (str(me.to_public()),)
    backup = backup_plugin(recipients=recipients, format=shape).pre_migrate(run)
    where = storage(tmp_path, identity=str(me))
    stored = where.find(backup.id)

    with where.opened(stored) as folder:
        verifier = Verifier(real, run.database_url, Deadline(60))
        verifier.verify(folder, stored.manifest, RESTORE)

    assert {file.name[-4:] for file in stored.manifest.files} == {".age"}
    assert names(tmp_path / "backups") == [backup.id]
