"""A local plugin is one module object: for the platform, the application and a test."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.project import REPOSITORY
from tests.support.warm_python import LIBRARIES, warm_python

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.plugin_project import PluginProject

LIMITS = """
from dataclasses import dataclass
from pydantic import BaseModel
from sst.hooks import hookimpl
from ._shared import SEEN

class Config(BaseModel):
    rows: int = 100

@dataclass
class Limit:
    rows: "int"

class Plugin:
    def __init__(self, config):
        self.config = config

    @hookimpl
    def pre_migrate(self, run): ...
"""
HEAD = """
import importlib, os, pickle, sys, warnings
warnings.simplefilter("error")
from pathlib import Path
from sst.hooks.manager import discover

root = Path.cwd()

def found(name="limits"):
    discovery = discover(root, [name])
    assert not discovery.problems, discovery.problems
    return discovery.found[0].module
"""
OURS = "ours = found()\n"
THEIRS = "import plugins.limits as theirs\n"
ORDERS = {"platform first": OURS + THEIRS, "application first": THEIRS + OURS}
both_orders = pytest.mark.parametrize("imports", ORDERS.values(), ids=ORDERS)


@pytest.fixture
def limits(project: PluginProject) -> PluginProject:
    """Return a project with a plugin that is a file, and what it shares."""
    project.add("_shared", "SEEN = []\n")
    project.add("limits", LIMITS)
    return project


def run(project: PluginProject, code: str, *path: Path) -> str:
    """Run *code* in a fork of *project* that has the libraries alone; return its output."""
    script = project.root / "main" / "main.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"{HEAD}\n{code}\n")
    core = project.root / "core"  # as installed: without the checkout's own `plugins` beside it
    core.mkdir(exist_ok=True)
    (core / "sst").unlink(missing_ok=True)
    (core / "sst").symlink_to(REPOSITORY / "sst")
    folders = [*path, project.root, core]
    done = subprocess.run(
        [warm_python(*LIBRARIES), str(script)],
        cwd=project.root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@both_orders
@pytest.mark.parametrize("has_init", [True, False])
def test_file_is_one_module_in_both_orders(
    limits: PluginProject, imports: str, *, has_init: bool
) -> None:
    """With and without `plugins/__init__.py`."""
    if has_init:
        limits.add("__init__", "")

    run(
        limits,
        f"""{imports}
from plugins import limits as again
from plugins.limits import Config
assert ours is theirs is again
assert isinstance(ours.Plugin(ours.Config()).config, Config)
assert sys.modules[ours.__name__] is ours and ours.__spec__.name == ours.__name__
""",
    )


@both_orders
def test_package_with_its_submodules_is_one_module(project: PluginProject, imports: str) -> None:
    """Also a submodule that nobody has imported yet when the package gets its second name."""
    project.add(
        "limits/__init__", "from sst.hooks import hookimpl\nfrom .gate import pre_migrate\n"
    )
    project.add(
        "limits/gate",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def pre_migrate(run): ...
        """,
    )
    project.add("limits/late", "from . import gate\nfrom .deep import thing\n")
    project.add("limits/deep/__init__", "")
    (project.folder / "limits" / "deep" / "thing.py").write_text("class Thing: ...\n")

    run(
        project,
        f"""{imports}
import plugins.limits.gate, plugins.limits.late
from plugins.limits.deep.thing import Thing
late = importlib.import_module(f"{{ours.__name__}}.late")
assert plugins.limits.gate is ours.gate
assert plugins.limits.late is late is ours.late
assert late.gate is ours.gate
assert late.thing.Thing is Thing
files = [m.__file__ for m in {{id(m): m for m in sys.modules.values()}}.values()
         if "plugins" in str(getattr(m, "__file__", "")) and "limits" in m.__file__]
assert len(files) == len(set(files)) == 5, files
""",
    )


@both_orders
def test_shared_file_is_one_module(limits: PluginProject, imports: str) -> None:
    run(
        limits,
        f"{imports}\nimport plugins._shared\nassert plugins._shared.SEEN is ours.SEEN\n",
    )


@both_orders
def test_values_of_a_plugin_are_pickled_and_are_dataclasses(
    limits: PluginProject, imports: str
) -> None:
    """Both look the class up by the name of its module."""
    run(
        limits,
        f"""{imports}
import dataclasses
limit = pickle.loads(pickle.dumps(theirs.Limit(3)))
assert type(limit) is ours.Limit and dataclasses.asdict(limit) == {{"rows": 3}}
assert type(pickle.loads(pickle.dumps(theirs.Config()))) is ours.Config
""",
    )


@both_orders
def test_changed_file_is_read_again_under_both_names(limits: PluginProject, imports: str) -> None:
    run(
        limits,
        f"""{imports}
file = root / "plugins" / "limits.py"
file.write_text(file.read_text() + "\\nNEW = True\\n")
again = found()
from plugins import limits
from plugins.limits import NEW
assert again.NEW and limits is again is not ours
""",
    )


def test_module_that_imports_itself_by_the_other_name_is_one(project: PluginProject) -> None:
    """As an application does whose own modules import what a plugin brings."""
    project.add("limits", f"import helper\n{LIMITS.replace('from ._shared import SEEN', '')}")
    (project.root / "helper.py").write_text("import plugins.limits\n")

    run(project, f"{OURS}{THEIRS}assert ours is theirs")


def test_half_imported_module_does_not_stay(project: PluginProject) -> None:
    """The application has it under its other name when its import fails."""
    broken = f"import helper\nimport os\nos.environ['GO']\n{LIMITS}"
    project.add("_shared", "SEEN = []\n")
    project.add("limits", broken)
    (project.root / "helper.py").write_text("import plugins.limits\n")

    run(
        project,
        f"""
assert "KeyError" in discover(root, ["limits"]).problems[0].what
assert "plugins.limits" not in sys.modules
os.environ["GO"] = "1"
{OURS}{THEIRS}assert ours is theirs and ours.Config
""",
    )


def test_installed_package_called_plugins_is_another(
    limits: PluginProject, tmp_path: Path
) -> None:
    foreign = tmp_path / "site" / "plugins"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").write_text("")
    (foreign / "limits.py").write_text("FOREIGN = True\n")

    for imports in ORDERS.values():
        run(
            limits,
            f"{imports}\nassert theirs.FOREIGN and ours is not theirs and ours.Config",
            tmp_path / "site",
        )


def test_two_projects_in_one_process_do_not_mix(limits: PluginProject, tmp_path: Path) -> None:
    """Only one of them is what `import plugins` finds."""
    other = tmp_path / "other" / "plugins"
    other.mkdir(parents=True)
    (other / "_shared.py").write_text("SEEN = []\n")
    (other / "limits.py").write_text(LIMITS)

    run(
        limits,
        f"""
root = Path({str(other.parent)!r})
others = found()
root = Path.cwd()
{THEIRS}{OURS}
assert ours is theirs is not others and others.SEEN is not ours.SEEN
root = Path({str(other.parent)!r})
assert found() is others
""",
    )


def test_plugin_that_is_not_enabled_stays_barred_for_plugins(limits: PluginProject) -> None:
    """The application may import what it likes; a plugin does not get it from there."""
    limits.add("nosy", f"from . import limits\n{LIMITS}")

    run(
        limits,
        f"""{THEIRS}
[problem] = discover(root, ["nosy"]).problems
assert "cannot be imported" in problem.what, problem
assert discover(root, ["limits", "nosy"]).found[0].module is theirs
discover(root, ["nosy"])
assert found() is theirs
""",
    )


def test_application_may_import_what_is_not_enabled(limits: PluginProject) -> None:
    limits.add("other", LIMITS)

    run(limits, "found('other')\nfrom plugins.limits import Config\nassert Config().rows == 100")


def test_error_of_a_plugin_is_placed_whoever_imported_it_first(limits: PluginProject) -> None:
    limits.add("limits", LIMITS.replace("self.config = config", "raise OSError('no')"))

    for imports in ORDERS.values():
        told = run(
            limits,
            f"""{imports}
from sst.errors import ConfigError
from sst.hooks.manager import build
try:
    build(discover(root, ["limits"]).found, {{"limits": ours.Config()}})
except ConfigError as error:
    print(*error.problems)
""",
        )
        assert told.endswith("[plugins/limits.py:15]")


def test_built_in_plugin_of_another_project_is_its_own(project: PluginProject) -> None:
    """What a checkout's own tests import is not what a project elsewhere runs."""
    run(
        project,
        """
import plugins.notify
from sst.built_in import built_in_home
assert Path(plugins.notify.__file__).is_relative_to(built_in_home())
assert found("notify") is not plugins.notify
""",
        REPOSITORY,
    )
