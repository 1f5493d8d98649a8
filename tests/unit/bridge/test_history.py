"""Revision files are read once, and what is broken is named with file and line."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from sst.bridge import AlembicProject, Branch
from sst.bridge.values.checksum import checksum_of
from sst.errors import BrokenHistoryError
from sst.hooks.contract.revisions import Direction
from tests.support.foreign import ForeignProject
from tests.support.unprivileged import errors_of

if TYPE_CHECKING:
    from pathlib import Path

_OPEN = """
import sys
from pathlib import Path
from sst.bridge import AlembicProject
from tests.support.foreign import ForeignSettings

AlembicProject.open(Path(sys.argv[1]), ForeignSettings(alembic_config="alembic.ini"))
"""


def _opened(project: ForeignProject) -> AlembicProject:
    return AlembicProject.open(project.root, project.settings)


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    """Return a project with the revisions aa01 and bb02."""
    return ForeignProject.create(tmp_path, "").line("aa01", "bb02")


def test_revisions_come_base_first_with_what_they_say(project: ForeignProject) -> None:
    """Our own values: nothing of Alembic's leaves the bridge."""
    first, second = _opened(project).revisions()

    assert (first.id, first.down_revisions) == ("aa01", ())
    assert (second.id, second.down_revisions) == ("bb02", ("aa01",))
    assert second.description == "bb02 of the fixture"
    assert second.path == project.root / "migrations/versions/bb02_fixture.py"


def test_only_full_ids_are_known(project: ForeignProject) -> None:
    """A row of the version table is never a prefix."""
    opened = _opened(project)

    assert opened.knows("aa01")
    assert not opened.knows("aa0")


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("revision = 'cc03'\ndef upgrade(:\n", r"cc03\.py:2 .*\n.*SyntaxError"),
        ("revision = 'cc03'\n1 / 0\n", r"cc03\.py:2 .*\n.*ZeroDivisionError"),
        ("import nothing_like_this\n", r"cc03\.py:1 .*\n.*nothing_like_this"),
        ("revision = 'cc03'\n", r"cc03\.py .*\n.*down_revision"),
        ("revision = 'cc03'\ndown_revision = 'cc03'\n", r"cc03\.py .*\n.*cc03"),
    ],
)
def test_file_that_cannot_be_read_is_named(
    content: str, why: str, project: ForeignProject
) -> None:
    """With the line, where there is one."""
    project.write("migrations/versions/cc03.py", content)

    with pytest.raises(BrokenHistoryError, match=why):
        _opened(project)


@pytest.mark.parametrize("env", ["raise SystemExit(3)", "raise ValueError('no url')", "pass"])
def test_file_stays_to_blame_whatever_env_py_does(env: str, project: ForeignProject) -> None:
    """env.py is run to prepare what the file needs; here it cannot help."""
    project.write("migrations/env.py", env)
    project.write("migrations/versions/cc03.py", "import shop_that_nobody_has")

    with pytest.raises(BrokenHistoryError, match=r"cc03\.py:1 .*\n.*shop_that_nobody_has"):
        _opened(project)


@pytest.mark.lowest
def test_missing_file_of_a_down_revision_is_named(project: ForeignProject) -> None:
    """The usual trace of an incomplete merge."""
    project.revision("dd04", "cc03")

    with pytest.raises(BrokenHistoryError, match=r"cc03.*\n.*dd04_fixture\.py:6") as caught:
        _opened(project)

    assert "down_revision" in caught.value.why


def test_missing_dependency_is_named(project: ForeignProject) -> None:
    """Alembic dies with a KeyError."""
    project.revision("cc03", "bb02", depends_on="gone")

    with pytest.raises(BrokenHistoryError, match="gone"):
        _opened(project)


@pytest.mark.lowest
def test_circle_names_its_files(project: ForeignProject) -> None:
    """Two files that build on each other."""
    project.revision("cc03", "dd04").revision("dd04", "cc03")

    with pytest.raises(BrokenHistoryError, match=r"cc03, dd04 form a circle"):
        _opened(project)


@pytest.mark.lowest
@pytest.mark.parametrize("revision", ["base", "head", "heads", ""])
def test_id_that_no_target_could_name_is_refused(project: ForeignProject, revision: str) -> None:
    """For Alembic `base` is an AssertionError, and an empty id no revision at all."""
    project.revision("cc03", "bb02")
    file = project.root / "migrations/versions/cc03_fixture.py"
    file.write_text(file.read_text().replace("revision = 'cc03'", f"revision = {revision!r}", 1))

    with pytest.raises(BrokenHistoryError) as error:
        _opened(project)

    assert error.value.what == f"No revision can have the id {revision!r}."
    assert "versions/cc03_fixture.py:" in error.value.why


@pytest.mark.parametrize("revision", ["a+b", "a-b", "a@b"])
def test_id_with_a_sign_of_targets_is_refused(project: ForeignProject, revision: str) -> None:
    project.revision(revision, "bb02")

    with pytest.raises(BrokenHistoryError, match="not allowed in revision identifier"):
        _opened(project)


@pytest.mark.lowest
def test_two_files_with_one_id_are_both_named(project: ForeignProject) -> None:
    """Alembic only warns, and takes the one that it reads last."""
    project.write("migrations/versions/copy.py", "revision = 'bb02'\ndown_revision = 'aa01'\n")

    with pytest.raises(BrokenHistoryError, match="bb02_fixture") as caught:
        _opened(project)

    assert "copy.py:1" in caught.value.why


def test_plugins_folder_brings_its_own_branch(project: ForeignProject, tmp_path: Path) -> None:
    """Its revisions run with the project's, under a label of their own."""
    other = ForeignProject.create(tmp_path / "plugin", "").revision("pp01", label="audit")
    folder = Branch("auditor", "audit", other.root / "migrations/versions")

    opened = AlembicProject.open(project.root, project.settings, [folder])

    assert opened.heads == ("bb02", "pp01")
    assert [s.revision.id for s in opened.plan("audit@head", (), Direction.UPGRADE)] == ["pp01"]


def test_plugins_folder_without_its_label_is_refused(
    project: ForeignProject, tmp_path: Path
) -> None:
    """Without it `label@head` could not be written."""
    other = ForeignProject.create(tmp_path / "plugin", "").revision("pp01")
    folder = Branch("auditor", "audit", other.root / "migrations/versions")

    with pytest.raises(BrokenHistoryError, match="audit"):
        AlembicProject.open(project.root, project.settings, [folder])


@pytest.mark.slow
def test_time_to_open_and_plan_grows_with_the_history_not_with_its_square(tmp_path: Path) -> None:
    """Four times the files take about four times as long, not sixteen."""

    def seconds(count: int) -> float:
        names = [f"r{number:05d}" for number in range(count)]
        project = ForeignProject.create(tmp_path / str(count), "").line(*names)
        # The best of three: a busy machine only ever adds.
        return min(_seconds(_opened(project)) for _ in range(3))

    assert seconds(600) < 10 * max(seconds(150), 0.01)


def _seconds(opened: AlembicProject) -> float:
    """Return the processor's time for all revisions and the two longest plans."""
    start = time.process_time()
    opened.revisions()
    opened.plan("head", (), Direction.UPGRADE)
    opened.plan("base", opened.heads, Direction.DOWNGRADE)
    return time.process_time() - start


_CODE = '''"""Add a column.

Create Date: 2026-11-22
"""
from alembic import op

revision = "aa01"
down_revision = None


def upgrade():
    """Say why."""
    op.execute("select 1")


def downgrade():
    pass
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Add a column.", "Add another column."),
        ('    """Say why."""\n', ""),
        ('op.execute("select 1")', "op.execute(  # why\n        'select 1'\n    )"),
    ],
)
def test_checksum_is_blind_to_how_code_is_written(old: str, new: str, tmp_path: Path) -> None:
    """A formatter or a better comment does not change an applied revision."""
    before, after = _pair(tmp_path, old, new)

    assert checksum_of(before) == checksum_of(after)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("select 1", "select 2"),
        ("down_revision = None", 'down_revision = "x"'),
        ("    pass", '    op.execute("x")'),
    ],
)
def test_checksum_sees_what_code_does(old: str, new: str, tmp_path: Path) -> None:
    """The smallest change of what would run."""
    before, after = _pair(tmp_path, old, new)

    assert checksum_of(before) != checksum_of(after)


def _pair(folder: Path, old: str, new: str) -> tuple[Path, Path]:
    assert old in _CODE
    before, after = folder / "before.py", folder / "after.py"
    before.write_text(_CODE)
    after.write_text(_CODE.replace(old, new))
    return before, after


def test_checksum_is_the_same_on_every_python(tmp_path: Path) -> None:
    """It is on record in the ledger, and outlives an upgrade of the interpreter."""
    file = tmp_path / "revision.py"
    file.write_text(_CODE)

    assert checksum_of(file) == (
        "8b5a22be7193bc1f568457e668e2c96a4e9a031966e2e4fb7fe59657fa873d6d"
    )


def test_version_folder_that_cannot_be_listed_is_named(project: ForeignProject) -> None:
    """Alembic takes it for empty, and everything would be up to date."""
    folder = project.root / "migrations/versions"
    folder.rename(project.root / "elsewhere")
    folder.write_text("in the place of the folder")

    with pytest.raises(BrokenHistoryError, match=r"folder .*migrations/versions cannot be read"):
        _opened(project)


def test_subfolder_that_cannot_be_listed_is_named(project: ForeignProject) -> None:
    driven = project.with_ini(recursive_version_locations="true")
    (project.root / "migrations/versions/closed").mkdir(mode=0)

    told = errors_of(_OPEN, str(driven.root))

    assert "versions/closed cannot be read.\n  why:  Permission denied" in told


def test_version_folder_that_does_not_exist_is_a_warning(
    project: ForeignProject, caplog: pytest.LogCaptureFixture
) -> None:
    """Git keeps no empty folder: to Alembic it is a project without revisions."""
    shutil.rmtree(project.root / "migrations/versions")

    opened = _opened(project)

    assert opened.heads == ()
    assert "there is no folder" in caplog.text
    assert "migrations/versions: no revision was found" in caplog.text
