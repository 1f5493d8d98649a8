"""An editor and mypy know the type of every setting."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
from typing import assert_type

from app.settings import AppSettings, settings

assert_type(settings.app, AppSettings)
assert_type(settings.app.page_size, int)
assert_type(settings.debug, bool)
assert_type(settings.migrate.lock_wait, float)
assert_type(settings.plugins.enabled, tuple[str, ...])
settings.app.page_siz
settings.debugg
settings.debug = True
text: str = settings.app.page_size
"""


@pytest.mark.slow
def test_mypy_knows_every_setting(tmp_path: Path) -> None:
    """With mistakes, for a check that checks nothing finds nothing either."""
    file = tmp_path / "reads_settings.py"
    file.write_text(CODE)

    checked = subprocess.run(
        [sys.executable, *("-m", "mypy", "--strict", "--no-error-summary", "--no-pretty"), file],
        cwd=REPOSITORY,  # its configuration and its cache
        capture_output=True,
        text=True,
        check=False,
    )

    errors = [line.partition(" error: ")[2] for line in checked.stdout.splitlines()]
    assert errors == [
        '"AppSettings" has no attribute "page_siz"; maybe "page_size"?  [attr-defined]',
        '"ProjectSettings[AppSettings]" has no attribute "debugg"; maybe "debug"?  [attr-defined]',
        'Property "debug" defined in "ProjectSettings" is read-only  [misc]',
        (
            'Incompatible types in assignment (expression has type "int", variable has type '
            '"str")  [assignment]'
        ),
    ], checked.stdout + checked.stderr
