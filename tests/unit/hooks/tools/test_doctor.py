"""What `plugins doctor` finds by looking at files and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.specs import MODES
from sst.hooks.manager import Contribution
from sst.hooks.tools import doctor
from sst.hooks.tools.route_clashes import route_clashes
from tests.support.plugin_project import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.support.plugin_project import PluginProject

GATE = "from sst.hooks import hookimpl\n@hookimpl\ndef pre_migrate(run): ...\n"


def test_file_that_anybody_may_change_is_named(project: PluginProject) -> None:
    path = project.add("gate", GATE)
    path.chmod(0o666)

    [finding] = doctor.writable_by_others(project.root, ["gate"])

    assert (finding.code, finding.subject) == ("world_writable", str(path))
    assert finding.hint == f"chmod o-w {path}"


def test_folder_that_anybody_may_change_is_named(project: PluginProject) -> None:
    project.add("gate", GATE)
    project.folder.chmod(0o777)

    findings = list(doctor.writable_by_others(project.root, ["gate"]))

    assert [finding.subject for finding in findings] == [str(project.folder)]


def test_plugin_of_nobody_is_no_concern(project: PluginProject) -> None:
    project.add("asleep", GATE).chmod(0o666)

    assert list(doctor.writable_by_others(project.root, [])) == []


def test_slow_import_is_measured(project: PluginProject) -> None:
    project.add("slow", f"import time\ntime.sleep({doctor.SLOW_IMPORT_SECONDS + 0.02})\n{GATE}")
    project.add("quick", GATE)

    [finding] = doctor.slow_imports(project.discover("slow", "quick").found)

    assert finding.subject == "plugin slow"


def test_name_that_is_found_twice_and_not_enabled_is_a_warning(
    project: PluginProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add("gate", GATE)
    install(tmp_path / "site", "acme-gate", "1.0", "gate = acme_gate", acme_gate=GATE)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    [finding] = doctor.collisions(project.root, [])

    assert "plugins/gate.py (local) and acme-gate 1.0 (package)" in finding.what
    assert list(doctor.collisions(project.root, ["gate"])) == []


def test_optional_hook_that_does_not_exist_is_named_with_the_nearest(
    project: PluginProject,
) -> None:
    optional = "@hookimpl(optionalhook=True)\ndef pre_migrat(run): ...\n"
    project.add("gate", GATE + optional)

    [finding] = doctor.optional_hooks(project.discover("gate").found, MODES)

    assert (finding.code, finding.hint) == ("unknown_hook", "did you mean pre_migrate?")


def test_plugin_that_alembic_would_import_by_itself_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "acme-alembic", "1.0", "unused = acme")
    info = next(tmp_path.glob("*.dist-info"))
    (info / "entry_points.txt").write_text("[alembic.plugins]\nacme = acme_alembic\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    [finding] = doctor.foreign_alembic_plugins()

    assert (finding.subject, "acme-alembic" in finding.what) == ("acme", True)


class Route:
    """A route as FastAPI's: a path, methods, a function."""

    def __init__(self, path: str, method: str, endpoint: Callable[[], None]) -> None:
        self.path = path
        self.methods = {method}
        self.endpoint = endpoint
        self.name = endpoint.__name__


class Router:
    """A router as FastAPI's."""

    def __init__(self, *routes: Route) -> None:
        self.routes = routes


def one() -> None:
    """Answer."""


def two() -> None:
    """Answer otherwise."""


def test_two_functions_for_one_request_clash_whatever_the_parameter_is_called() -> None:
    routers = [
        Contribution("sites", Router(Route("/{site}", "GET", one))),
        Contribution("sites", Router(Route("/{id}", "GET", two), Route("/{id}", "PUT", two))),
        Contribution("others", Router(Route("/{site}", "GET", two))),
    ]

    [problem] = route_clashes(routers)

    assert problem.what.startswith("GET /plugins/sites/{}")


def test_same_router_under_two_plugins_does_not_clash() -> None:
    router = Router(Route("/a", "GET", one))

    assert list(route_clashes([Contribution("a", router), Contribution("b", router)])) == []
