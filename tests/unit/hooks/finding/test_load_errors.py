"""Every way to get a plugin wrong is named with the plugin, the file and the line, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.plugin_project import PluginProject, install

if TYPE_CHECKING:
    from pathlib import Path

GATE = """
from sst.hooks import hookimpl

@hookimpl
def pre_migrate(run): ...
"""


def test_all_problems_come_at_once(project: PluginProject) -> None:
    project.add("good", GATE)
    project.add("broken", "import nowhere_to_be_found")
    project.add("misspelt", GATE.replace("pre_migrate", "pre_migrat"))

    discovery = project.discover("absent", "broken", "good", "misspelt")

    assert [found.name for found in discovery.found] == ["good"]
    assert [problem.subject for problem in discovery.problems] == [
        "plugin absent",
        "plugin broken",
        "plugin misspelt",
    ]


def test_missing_plugin_names_the_nearest_file(project: PluginProject) -> None:
    project.add("backup", GATE)

    problem = project.problem("bakup")

    assert "plugins/bakup.py" in problem.what
    assert problem.hint == "did you mean backup?"


def test_missing_plugin_names_the_nearest_entry_point(project: PluginProject, site: Path) -> None:
    install(site, "acme-gate", "1.0", "friday-gate = acme_gate", acme_gate=GATE)

    problem = project.problem("friday_gate")

    assert problem.hint == "did you mean friday-gate?"


def test_syntax_error_is_named_with_its_line(project: PluginProject) -> None:
    project.add("broken", "x = 1\ny = (\n")

    problem = project.problem("broken")

    assert problem.source == "plugins/broken.py:2"
    assert "SyntaxError" in problem.what


def test_syntax_error_of_a_sibling_is_named_there(project: PluginProject) -> None:
    project.add("_shared", "x = 1\n\ndef f(:\n")
    project.add("innocent", f"from ._shared import f\n{GATE}")

    problem = project.problem("innocent")

    assert problem.subject == "plugin innocent"
    assert problem.source == "plugins/_shared.py:3"


def test_missing_dependency_is_named_with_its_line(project: PluginProject) -> None:
    project.add("needy", "import os\nimport nowhere_to_be_found.deeper\n")

    problem = project.problem("needy")

    assert problem.source == "plugins/needy.py:2"
    assert problem.hint == "install the package that brings nowhere_to_be_found"


def test_exception_is_named_with_the_plugins_own_line(project: PluginProject) -> None:
    """The deepest frame is in json; the line to correct is in the plugin."""
    project.add("broken", "import json\n\ndef read():\n    return json.loads('{')\n\nread()\n")

    problem = project.problem("broken")

    assert problem.source == "plugins/broken.py:4"
    assert "JSONDecodeError" in problem.what


def test_exit_at_import_is_a_problem_and_no_exit(project: PluginProject) -> None:
    project.add("quitter", "raise SystemExit(0)")

    problem = project.problem("quitter")

    assert problem.what == "cannot be imported: SystemExit: 0"
    assert problem.source == "plugins/quitter.py:1"


def test_interrupt_at_import_goes_on(project: PluginProject) -> None:
    """Ctrl-C is the operator's, not the plugin's."""
    project.add("slow", "raise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        project.discover("slow")


def test_broken_installed_package_is_named_with_its_line(
    project: PluginProject, site: Path
) -> None:
    install(site, "acme-broken", "1.0", "acme = acme_broken", acme_broken="x = 1\n1 / 0\n")

    problem = project.problem("acme")

    assert problem.source == f"{site}/acme_broken.py:2"


def test_entry_point_without_its_module_names_the_distribution(
    project: PluginProject, site: Path
) -> None:
    install(site, "acme-hollow", "1.0", "acme = acme_hollow")

    problem = project.problem("acme")

    assert problem.source == "acme-hollow 1.0"
    assert "ModuleNotFoundError" in problem.what


def test_entry_point_of_an_object_says_what_to_write(project: PluginProject, site: Path) -> None:
    install(site, "acme-object", "1.0", "acme = acme_object:Plugin", acme_object=GATE)

    problem = project.problem("acme")

    assert problem.hint == 'write acme = "acme_object"'


def test_file_and_entry_point_of_one_name_are_both_named(
    project: PluginProject, site: Path
) -> None:
    """A package must not replace a team's own plugin, nor the other way round."""
    project.add("backup", GATE)
    install(site, "acme-backup", "2.0", "backup = acme_backup", acme_backup=GATE)

    problem = project.problem("backup")

    assert "plugins/backup.py" in problem.what
    assert "acme-backup 2.0" in problem.what


@pytest.mark.parametrize("order", [("evil", "good"), ("good", "evil")])
def test_two_distributions_of_one_name_are_both_named(
    project: PluginProject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[str, str],
) -> None:
    """Whoever is first on the path does not silently win."""
    for name in order:
        code = {f"acme_{name}": GATE}
        install(tmp_path / name, f"acme-{name}", "1.0", f"gate = acme_{name}", **code)
        monkeypatch.syspath_prepend(str(tmp_path / name))

    problem = project.problem("gate")

    assert problem.what == "is found twice: acme-evil 1.0 (package) and acme-good 1.0 (package)"


def test_file_and_folder_of_one_name_are_both_named(project: PluginProject) -> None:
    project.add("backup", GATE)
    project.add("backup/__init__", GATE)

    problem = project.problem("backup")

    assert "plugins/backup.py" in problem.what
    assert "plugins/backup/__init__.py" in problem.what


def test_name_that_is_listed_twice_is_a_problem(project: PluginProject) -> None:
    project.add("backup", GATE)

    discovery = project.discover("backup", "backup")

    assert [problem.what for problem in discovery.problems] == ["is listed twice"]


@pytest.mark.parametrize("name", ["../backup", "a.b", "_shared", "enabled", "", "9lives"])
def test_name_that_cannot_be_a_plugin_is_a_problem(project: PluginProject, name: str) -> None:
    assert project.problem(name).what == "is no name for a plugin"


@pytest.mark.parametrize(
    ("code", "what", "hint"),
    [
        ("def pre_migrat(run): ...", "there is no hook pre_migrat", "did you mean pre_migrate?"),
        ("async def pre_migrate(run): ...", "pre_migrate is `async def`", "plain `def`"),
        ("def pre_migrate(run):\n    yield", "pre_migrate has a `yield`", "return"),
        ("def around_migrate(run):\n    yield", "around_migrate has a `yield`", "@contextmanager"),
        ("async def notify(event):\n    yield", "notify is `async def`", "plain `def`"),
        ("def pre_migrate(ruin): ...", "unknown argument ruin", "pre_migrate offers run"),
        ("def register_checks(run): ...", "unknown argument run", "no arguments"),
        ("def pre_migrate(run, level=1): ...", "unknown argument level", "offers run"),
        ("def pre_migrate(*, run): ...", "takes run by keyword only", "remove the `*`"),
        ("def pre_migrate(*args): ...", "takes *args", "offers run"),
        ("def pre_migrate(**named): ...", "takes **named", "offers run"),
    ],
)
def test_wrong_hook_function_is_named_with_its_line(
    project: PluginProject, code: str, what: str, hint: str
) -> None:
    project.add("wrong", f"from sst.hooks import hookimpl\n\n@hookimpl\n{code}\n")

    problem = project.problem("wrong")

    assert what in problem.what
    assert hint in problem.hint
    assert problem.source == "plugins/wrong.py:3"


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper"])
def test_hook_wrapper_is_refused(project: PluginProject, option: str) -> None:
    """A wrapper could swallow any failure, and a forgotten return would lose a result."""
    mark = f"@hookimpl({option}=True)"
    project.add(
        "wrapper", f"from sst.hooks import hookimpl\n{mark}\ndef pre_migrate(run):\n    yield\n"
    )

    problem = project.problem("wrapper")

    assert problem.what == "pre_migrate is a hook wrapper"
    assert "around_migrate" in problem.hint


def test_wrong_method_of_a_plugin_class_is_named_with_its_line(project: PluginProject) -> None:
    project.add(
        "classy",
        """
        from sst.hooks import hookimpl

        class Plugin:
            @hookimpl
            def pre_migrate(self, ruin): ...

            @staticmethod
            @hookimpl
            def notify(evnt): ...
        """,
    )

    discovery = project.discover("classy")

    assert {problem.source for problem in discovery.problems} == {
        "plugins/classy.py:4",
        "plugins/classy.py:7",
    }


def test_unmarked_hook_is_a_problem(project: PluginProject) -> None:
    """A backup that nobody calls is worse than none."""
    project.add("forgetful", f"{GATE}\ndef notify(event): ...\n")

    problem = project.problem("forgetful")

    assert problem.what == "notify has a hook's name and would never be called"
    assert problem.source == "plugins/forgetful.py:6"


def test_hook_behind_another_object_is_a_problem(project: PluginProject) -> None:
    """The marker survives functools.cache, and pluggy passes such an object over."""
    project.add(
        "cached",
        """
        import functools
        from sst.hooks import hookimpl

        @functools.cache
        @hookimpl
        def pre_migrate(run): ...
        """,
    )

    assert "would never be called" in project.problem("cached").what


def test_imported_helper_with_a_hooks_name_is_no_hook(project: PluginProject) -> None:
    project.add("_shared", "def notify(text): ...")
    project.add("helped", f"from ._shared import notify\n{GATE}")

    discovery = project.discover("helped")

    assert discovery.problems == ()


def test_object_that_answers_no_question_does_no_harm(project: PluginProject) -> None:
    """Proxies of web frameworks raise on every attribute while there is no request."""
    proxy = """
class Proxy:
    def __getattr__(self, name):
        raise RuntimeError("outside of a request")

proxy = notify = Proxy()
"""
    project.add("proxied", f"{GATE}{proxy}")

    discovery = project.discover("proxied")

    assert discovery.problems == ()


def test_unknown_hook_may_be_optional(project: PluginProject) -> None:
    """A plugin for two versions of us says so."""
    optional = "@hookimpl(optionalhook=True)\ndef of_the_future(x): ..."
    project.add("modern", f"{GATE}\n{optional}\n")

    discovery = project.discover("modern")

    assert discovery.problems == ()


@pytest.mark.parametrize(
    ("code", "what", "line"),
    [
        ("class Config: ...", "Config is not a pydantic model", 6),
        ("Config = {}", "Config is not a pydantic model", 6),
        ("Plugin = 3", "Plugin is not a class", 6),
        ("class Plugin: ...", "hooks outside it: pre_migrate", 6),
    ],
)
def test_wrong_shape_is_named_with_its_line(
    project: PluginProject, code: str, what: str, line: int
) -> None:
    project.add("shapeless", f"{GATE}\n{code}\n")

    problems = project.discover("shapeless").problems

    assert any(what in problem.what for problem in problems)
    assert problems[0].source == f"plugins/shapeless.py:{line}"


def test_settings_that_nothing_gets_are_a_problem(project: PluginProject) -> None:
    model = "from pydantic import BaseModel\n\nclass Config(BaseModel): ...\n"
    project.add("deaf", f"{model}{GATE}")

    problem = project.problem("deaf")

    assert "no class Plugin" in problem.what
    assert problem.source == "plugins/deaf.py:3"


def test_plugin_without_hooks_is_a_problem(project: PluginProject) -> None:
    project.add("idle", "x = 1")

    assert project.problem("idle").what == "has no hook: it would do nothing"


def test_class_without_hooks_is_a_problem_although_it_gets_settings(
    project: PluginProject,
) -> None:
    """Somebody forgot @hookimpl: settings alone have no class Plugin."""
    model = "from pydantic import BaseModel\n\nclass Config(BaseModel): ...\n"
    project.add("idle", f"{model}class Plugin:\n    def __init__(self, config): ...\n")

    assert project.problem("idle").what == "has no hook: it would do nothing"


def test_problem_reads_as_one_line(project: PluginProject) -> None:
    project.add("wrong", GATE.replace("pre_migrate", "pre_migrat"))

    problem = project.problem("wrong")

    assert str(problem) == (
        "plugin wrong: there is no hook pre_migrat [plugins/wrong.py:3] "
        "-> did you mean pre_migrate?"
    )
