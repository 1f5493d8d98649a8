"""The project that the settings point at is found, or what is wrong is named."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from sst.bridge import AlembicProject
from sst.bridge.location.find import locate
from sst.db.url import DatabaseUrl
from sst.errors import ConfigError, UsageError
from sst.project_root import alembic_file
from tests.support.foreign import ForeignProject, ForeignSettings
from tests.support.unprivileged import errors_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_URL = DatabaseUrl("postgresql://me:p%2540%20s%3A%25%2Fc@db/shop")

_LOCATE = """
import sys
from pathlib import Path
from sst.bridge.location.find import locate
from tests.support.foreign import ForeignSettings

locate(Path(sys.argv[1]), ForeignSettings())
"""


@pytest.fixture(autouse=True)
def _same_sys_path() -> Iterator[None]:
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def project(tmp_path: Path) -> ForeignProject:
    """Return a project in the folder `alembic`, the default."""
    return ForeignProject.create(tmp_path, "", folder="alembic").line("aa01")


@pytest.mark.lowest
def test_default_project_is_configured_by_pyproject(project: ForeignProject) -> None:
    """`%(here)s` and `%%` mean what they mean to Alembic, in every version of it."""
    project.revision("bb02", "aa01", versions="more/deep").write(
        "pyproject.toml",
        """
        [tool.alembic]
        script_location = "%(here)s/alembic"
        version_locations = ["%(here)s/alembic/versions", "alembic/more"]
        recursive_version_locations = true
        file_template = "%%(year)d_%%(slug)s"
        prepend_sys_path = ["."]
        """,
    )

    opened = AlembicProject.open(project.root, ForeignSettings())
    written = opened.new_revision("Add sites", autogenerate=False, connection=None, url=_URL)
    file = written.path

    assert file
    assert opened.heads != ("bb02",)
    assert opened.knows("bb02")
    assert file.name.endswith("_add_sites.py")
    assert file.parent.name == "more"
    assert sys.path[0] == str(project.root)


@pytest.mark.lowest
def test_formatter_of_pyproject_runs_on_the_new_file(project: ForeignProject) -> None:
    """`post_write_hooks`, spelled as TOML has them since Alembic 1.16."""
    project.write(
        "pyproject.toml",
        f"""
        [tool.alembic]
        script_location = "alembic"
        [[tool.alembic.post_write_hooks]]
        name = "stamp"
        type = "exec"
        executable = "{sys.executable}"
        options = "%(here)s/mark.py REVISION_SCRIPT_FILENAME"
        """,
    )
    project.write("mark.py", "import sys; open(sys.argv[1], 'a').write('# marked')")

    opened = AlembicProject.open(project.root, ForeignSettings())
    written = opened.new_revision("Add sites", autogenerate=False, connection=None, url=_URL)
    file = written.path

    assert file
    assert file.read_text().endswith("# marked")


def test_project_without_pyproject_is_the_default_folder(project: ForeignProject) -> None:
    """A plain `alembic init`."""
    assert AlembicProject.open(project.root, ForeignSettings()).heads == ("aa01",)


def test_ini_wins_over_the_pyproject_beside_it(project: ForeignProject) -> None:
    """What the ini leaves open comes from there, as in Alembic."""
    project.write(
        "pyproject.toml",
        '[tool.alembic]\nscript_location = "nowhere"\nfile_template = "%%(slug)s"\n',
    )
    driven = project.with_ini("conf/alembic.ini", script_location="../alembic")
    here = project.with_ini(file_template="x_%%(slug)s")

    deep = AlembicProject.open(driven.root, driven.settings)
    written = AlembicProject.open(here.root, here.settings).new_revision(
        "y", autogenerate=False, connection=None, url=_URL
    )
    file = written.path

    assert file
    assert deep.heads == ("aa01",)
    assert file.name == "x_y.py"


def test_package_location_stays_as_it_is(project: ForeignProject) -> None:
    """`package:folder`, for revisions that are installed."""
    project.write("revisions_of_a_package/__init__.py", "")
    (project.root / "alembic").rename(project.root / "revisions_of_a_package/scripts")
    driven = project.with_ini(
        script_location="revisions_of_a_package:scripts", prepend_sys_path="."
    )

    assert AlembicProject.open(driven.root, driven.settings).heads == ("aa01",)


@pytest.mark.lowest
def test_password_reaches_env_as_it_is_and_stays_nowhere(project: ForeignProject) -> None:
    """A percent sign is an interpolation to ConfigParser."""
    location = locate(project.root, ForeignSettings())

    config = location.config(_URL)

    written = config.get_main_option("sqlalchemy.url")
    assert written == config.attributes["database_url"]
    assert written == _URL.for_psycopg2().render_as_string(hide_password=False)
    assert location.config().get_main_option("sqlalchemy.url") is None
    assert "p%2540" not in repr(location)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (ForeignSettings("gone"), "migrate.script_location: the folder .*gone does not exist"),
        (ForeignSettings("empty"), "holds no env.py"),
        (ForeignSettings("no_such_package:x"), "no_such_package cannot be imported"),
        (ForeignSettings(alembic_config="gone.ini"), "gone.ini does not exist"),
        (ForeignSettings(alembic_config="bare.ini"), r"has no section \[alembic\].*\[alembik\]"),
        (ForeignSettings(alembic_config="broken.ini"), r"broken.ini cannot be read"),
        (ForeignSettings(alembic_config="open.ini"), "has no script_location"),
        (ForeignSettings(alembic_config="away.ini"), r"away.ini \[alembic\]"),
    ],
)
def test_what_is_missing_is_a_problem_of_the_settings(
    settings: ForeignSettings, problem: str, project: ForeignProject
) -> None:
    """Exit 2, with the setting's name, and no line of a file that may hold a password."""
    (project.root / "empty").mkdir()
    project.write("bare.ini", "[alembik]\nscript_location = alembic\n")
    project.write("broken.ini", "[alembic]\nmysecret\nscript_location\n= x\n")
    project.write("open.ini", "[alembic]\nx = 1\n")
    project.write("away.ini", "[alembic]\nscript_location = away\n")

    with pytest.raises(ConfigError, match=problem) as caught:
        AlembicProject.open(project.root, settings)

    assert "mysecret" not in str(caught.value)


def test_broken_pyproject_is_named(project: ForeignProject) -> None:
    """As it is before anything is connected."""
    project.write("pyproject.toml", "[tool.alembic\n")

    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        AlembicProject.open(project.root, ForeignSettings())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[alembic]\n# caf\xe9\n", r"alembic\.ini is not UTF-8 \(line 2\)"),
        (b"\xef\xbb\xbf[alembic]\n", r"alembic\.ini begins with a byte order mark \(BOM\)"),
    ],
)
def test_ini_in_another_encoding_is_named(
    content: bytes, problem: str, project: ForeignProject
) -> None:
    """It is no bug of ours, and no missing section."""
    (project.root / "alembic.ini").write_bytes(content)

    with pytest.raises(ConfigError, match=problem):
        locate(project.root, ForeignSettings())


@pytest.mark.parametrize("name", ["alembic.ini", "pyproject.toml"])
def test_file_that_may_not_be_read_is_named_with_the_reason(
    name: str, project: ForeignProject
) -> None:
    (project.root / name).touch(mode=0)

    told = errors_of(_LOCATE, str(project.root))

    assert re.search(rf"{name}:? cannot be read: Permission denied", told)


@pytest.mark.parametrize(
    ("table", "is_project"),
    [
        ("[tool.alembic\n", True),
        ("[tool.alembic]\nx = \n", True),
        ("[tool.alembic-utils]\n", False),
    ],
)
def test_broken_table_of_alembic_makes_a_project(
    table: str, *, is_project: bool, project: ForeignProject
) -> None:
    """The file is read later, and named; without this it would be "There is no project"."""
    file = project.write("pyproject.toml", table)

    assert alembic_file(project.root) == (file if is_project else None)


@pytest.mark.parametrize("message", ["", "  ", 'a """ b', "a \\ b", "a\nb"])
def test_message_that_cannot_stand_in_a_docstring_is_refused(
    message: str, project: ForeignProject
) -> None:
    """The file would be broken the moment it is written."""
    opened = AlembicProject.open(project.root, ForeignSettings())

    with pytest.raises(UsageError):
        opened.new_revision(message, autogenerate=False, connection=None, url=_URL)

    assert opened.heads == ("aa01",)


def test_project_without_template_is_told(project: ForeignProject) -> None:
    """A folder of revisions somebody copied without it."""
    (project.root / "alembic/script.py.mako").unlink()
    opened = AlembicProject.open(project.root, ForeignSettings())

    with pytest.raises(ConfigError, match=r"script\.py\.mako"):
        opened.new_revision("x", autogenerate=False, connection=None, url=_URL)


def test_ini_in_the_root_is_read_as_alembic_reads_it(project: ForeignProject) -> None:
    """Without a setting: before the pyproject.toml beside it, which completes it."""
    project.write("alembic.ini", "[alembic]\nscript_location = alembic\nsome = of the ini\n")
    project.write("pyproject.toml", '[tool.alembic]\nscript_location = "nowhere"\nmore = "x"\n')

    location = locate(project.root, ForeignSettings())

    assert location.ini == project.root / "alembic.ini"
    assert location.script_location == str(project.root / "alembic")


def test_script_location_that_is_set_goes_before_an_ini_in_the_root(
    project: ForeignProject,
) -> None:
    project.write("alembic.ini", "[alembic]\nscript_location = nowhere\n")
    (project.root / "alembic").rename(project.root / "other")

    location = locate(project.root, ForeignSettings("other"))

    assert (location.ini, location.script_location) == (None, str(project.root / "other"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/other\nprepend_sys_path = src\n"),
        (
            "pyproject.toml",
            '[tool.alembic]\nscript_location = "other"\nprepend_sys_path = "src"\n',
        ),
    ],
)
def test_file_of_alembic_that_names_the_same_folder_completes_the_setting(
    name: str, content: str, project: ForeignProject
) -> None:
    """Else its prepend_sys_path would be gone without a word."""
    project.write(name, content)
    (project.root / "alembic").rename(project.root / "other")

    location = locate(project.root, ForeignSettings("./other"))

    assert location.sys_path == (str(project.root / "src"),)


def test_broken_ini_beside_a_setting_is_left_alone(project: ForeignProject) -> None:
    project.write("alembic.ini", "no section\n")
    (project.root / "alembic").rename(project.root / "other")

    assert locate(project.root, ForeignSettings("other")).ini is None
