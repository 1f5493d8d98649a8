"""What is said of a backup after a run that has succeeded."""

from __future__ import annotations

import pytest

from sst.cli.result.moved_schema import moved_text
from sst.migrator.values.report import Report
from sst.testing import a_backup
from tests.support.fake_runtime import fake_runtime


@pytest.mark.parametrize(
    ("proven", "verified", "words"),
    [
        ("restored", True, "restored and compared"),
        ("read", True, "read back, not restored"),
        ("no", False, "not verified"),
        ("", True, "verified"),
        ("", False, "not verified"),
        ("compared by pgBackRest", True, "compared by pgBackRest"),
    ],
)
def test_proof_of_a_backup_is_said_in_words_also_in_those_of_its_plugin(
    proven: str, words: str, *, verified: bool
) -> None:
    backup = a_backup(uri="file:///b1", size_bytes=1200, proven=proven, verified=verified)

    lines = moved_text(Report(run_id="r1", backup=backup), fake_runtime())

    assert lines[0] == f"backup\tfile:///b1\t1.2 kB\t{words}"
