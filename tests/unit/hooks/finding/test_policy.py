"""What the operator decides about a plugin: instances, pins, deadlines, warnings, requirements."""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sst.config.binding.policy import Choice
from sst.config.declared.plugin_policy import PluginPolicy
from sst.errors import ConfigError
from sst.hooks.finding.hook_functions import hook_arguments
from sst.hooks.manager import Deadlines, HookFailedError, HookProblem, build, discover, list_all
from tests.support.plugin_project import (
    HUNG,
    PATIENT,
    a_revision,
    a_run,
    an_application,
    an_event,
    install,
)

if TYPE_CHECKING:
    from sst.hooks.manager import Discovery, Plugins
    from tests.support.plugin_project import PluginProject

WEBHOOK = """
from pydantic import BaseModel
from sst.hooks import hookimpl

made = []

class Config(BaseModel):
    url: str = "none"

class Plugin:
    def __init__(self, config):
        made.append(config.url)
        self.url = config.url

    @hookimpl
    def notify(self, event):
        raise OSError(self.url)
"""
GATE = """
from sst.hooks import Veto, hookimpl
{head}
@hookimpl
def {hook}(run):
    {body}
"""
NOTIFY = "from sst.hooks import hookimpl\n@hookimpl\ndef notify(event):\n    raise OSError('no')\n"


def found(project: PluginProject, *names: str, **policies: dict[str, Any]) -> Discovery:
    """Import the plugins *names*, with what the operator decided about some of them."""
    return discover(project.root, names, decided(*names, **policies).policies)


def decided(*names: str, **policies: dict[str, Any]) -> Choice:
    """Return the policies of *names*, the usual ones where nothing is given."""
    return Choice({name: PluginPolicy(**policies.get(name, {})) for name in names})


def loaded(
    project: PluginProject,
    *names: str,
    deadlines: Deadlines = PATIENT,
    **policies: dict[str, Any],
) -> Plugins:
    """Create the plugins *names*."""
    discovery = found(project, *names, **policies)
    assert discovery.problems == ()
    configs = {
        each.name: each.config_model(url=each.name)
        for each in discovery.found
        if each.config_model is not None
    }
    return build(discovery.found, configs, decided(*names, **policies), deadlines=deadlines)


# Instances


def test_instances_have_settings_of_their_own_and_one_module(project: PluginProject) -> None:
    project.add("webhook", WEBHOOK)

    plugins = loaded(project, "webhook", "pager", pager={"use": "webhook"})

    problems = plugins.observe("notify", event=an_event())
    assert [str(problem).split(" [")[0] for problem in problems] == [
        "plugin webhook, notify: raised OSError: webhook",
        "plugin pager, notify: raised OSError: pager",
    ]
    first, second = (plugins._found[name].module for name in ("webhook", "pager"))
    assert first is second
    assert first.made == ["webhook", "pager"]
    assert [(entry.name, entry.use) for entry in plugins.entries] == [
        ("webhook", ""),
        ("pager", "webhook"),
    ]


def test_instance_alone_does_not_need_the_other_name(project: PluginProject) -> None:
    project.add("webhook", WEBHOOK)

    [plugin] = found(project, "pager", pager={"use": "webhook"}).found

    assert (plugin.name, plugin.use, plugin.source) == ("pager", "webhook", "plugins/webhook.py")


@pytest.mark.parametrize(
    ("use", "what", "hint"),
    [
        ("webhok", "not found: no plugins/webhok.py", "did you mean webhook?"),
        ("plain", "uses plain, and plugins/pager.py has its name", "give the instance another"),
    ],
)
def test_instance_of_nothing_is_a_problem(
    project: PluginProject, use: str, what: str, hint: str
) -> None:
    project.add("webhook", WEBHOOK)
    if use == "plain":
        project.add("plain", NOTIFY)
        project.add("pager", NOTIFY)

    [problem] = found(project, "pager", pager={"use": use}).problems

    assert problem.what.startswith(what)
    assert problem.source == "plugins.pager.use"
    assert problem.hint.startswith(hint)


def test_module_without_a_class_has_one_instance(project: PluginProject) -> None:
    project.add("plain", NOTIFY)

    [problem] = found(project, "plain", "pager", pager={"use": "plain"}).problems

    assert problem.subject == "plugin pager"
    assert "is the same module as plain" in problem.what


def test_listing_tells_instances_and_what_is_off(project: PluginProject) -> None:
    for name in ("webhook", "idle"):
        project.add(name, WEBHOOK)
    policies = decided(
        "pager", "webhook", "idle", pager={"use": "webhook"}, idle={"enabled": False}
    )
    choice = Choice(policies.policies, left_out=("webhook",))

    entries = list_all(project.root, list(choice.policies), choice)

    assert [(entry.name, entry.use, entry.state) for entry in entries] == [
        ("pager", "webhook", "enabled"),
        ("webhook", "", "left_out"),
        ("idle", "", "switched_off"),
    ]


# Pins


def test_pinned_distribution_is_loaded(project: PluginProject, site: Path) -> None:
    install(site, "SST_Slack", "1.3rc1", "slack = sst_slack_a", sst_slack_a=NOTIFY)

    discovery = found(project, "slack", slack={"requires": "sst-slack>=1.2,<2"})

    assert discovery.problems == ()


@pytest.mark.parametrize(
    ("name", "version", "what"),
    [
        ("sst-slack", "1.1", "is sst-slack 1.1; sst-slack>=1.2,<2 is pinned"),
        ("sst-slack", "2.0", "is sst-slack 2.0; sst-slack>=1.2,<2 is pinned"),
        ("sst-slack", "unknown", "is sst-slack unknown; sst-slack>=1.2,<2 is pinned"),
        ("evil", "1.3", "comes from evil 1.3; sst-slack>=1.2,<2 is pinned"),
    ],
)
def test_another_distribution_is_refused_before_anything_is_imported(
    project: PluginProject, site: Path, tmp_path: Path, name: str, version: str, what: str
) -> None:
    marker = tmp_path / "imported"
    code = f"open({str(marker)!r}, 'w').close()\n{NOTIFY}"
    project.add("first", code)
    install(site, name, version, "slack = sst_slack_b", sst_slack_b=code)

    discovery = found(project, "first", "slack", slack={"requires": "sst-slack>=1.2,<2"})

    [problem] = discovery.problems
    assert (problem.subject, problem.what) == ("plugin slack", what)
    assert discovery.found == ()
    assert not marker.exists()


def test_file_in_place_of_a_pinned_distribution_is_refused(project: PluginProject) -> None:
    project.add("slack", NOTIFY)

    [problem] = found(project, "slack", slack={"requires": "sst-slack>=1.2,<2"}).problems

    assert problem.what == "is plugins/slack.py, a local file; sst-slack>=1.2,<2 is pinned"


def test_two_distributions_of_one_name_are_both_told_of(
    project: PluginProject, site: Path
) -> None:
    install(site, "sst-slack", "1.3", "slack = sst_slack_c", sst_slack_c=NOTIFY)
    install(site, "evil", "9", "slack = evil_c", evil_c=NOTIFY)

    discovery = found(project, "slack", slack={"requires": "sst-slack>=1.2,<2"})

    [problem] = discovery.problems
    assert all(name in problem.what for name in ("sst-slack 1.3", "evil 9", "is pinned"))


def test_module_that_stands_before_the_pinned_one_is_refused(
    project: PluginProject, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metadata is that of the right distribution, the code would be another one's."""
    install(site, "sst-slack", "1.3", "slack = sst_slack_d", sst_slack_d=NOTIFY)
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "sst_slack_d.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "before"))

    [problem] = found(project, "slack", slack={"requires": "sst-slack"}).problems

    assert "sst_slack_d would come from" in problem.what
    assert "sst_slack_d" not in sys.modules


# Warnings


def test_gate_that_may_break_is_a_warning(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    code = GATE.format(
        head='MAY_WARN = ("post_migrate",)', hook="post_migrate", body="raise OSError('gone')"
    )
    project.add("smoke", code)
    plugins = loaded(project, "smoke", smoke={"on_error": "warn"})

    [made] = plugins.gate("post_migrate", run=a_run())

    assert isinstance(made.value, HookProblem)
    assert made.value.what.startswith("raised OSError: gone [plugins/smoke.py:")
    assert "plugin smoke, post_migrate: raised OSError: gone" in caplog.text


@pytest.mark.parametrize(
    ("body", "hook", "policy"),
    [
        ("raise Veto('no')", "post_migrate", {"on_error": "warn"}),
        ("raise OSError('gone')", "post_migrate", {}),
        ("raise OSError('gone')", "pre_migrate", {"on_error": "warn"}),
    ],
    ids=["a veto refuses", "nobody asked for it", "another gate"],
)
def test_gate_refuses_all_the_same(
    project: PluginProject, body: str, hook: str, policy: dict[str, Any]
) -> None:
    project.add("smoke", GATE.format(head='MAY_WARN = ("post_migrate",)', hook=hook, body=body))
    plugins = loaded(project, "smoke", smoke=policy)

    with pytest.raises(HookFailedError):
        plugins.gate(hook, run=a_run())


def test_warnings_need_the_leave_of_the_plugin(project: PluginProject) -> None:
    project.add("smoke", GATE.format(head="", hook="post_migrate", body="pass"))

    [problem] = found(project, "smoke", smoke={"on_error": "warn"}).problems

    assert problem.what == 'on_error is "warn", which the plugin does not allow'
    assert problem.source == "plugins.smoke.on_error"


@pytest.mark.parametrize(
    ("value", "what", "hint"),
    [
        ('("post_migrat",)', "names post_migrat, which is no gate", "did you mean post_migrate?"),
        ('["notify"]', "names notify, which is no gate", "gates are review_plan"),
        ('"post_migrate"', "is no tuple of hooks", 'write MAY_WARN = ("post_migrate",)'),
    ],
)
def test_wrong_leave_is_a_problem(
    project: PluginProject, value: str, what: str, hint: str
) -> None:
    head = f"MAY_WARN = {value}"
    project.add("smoke", GATE.format(head=head, hook="post_migrate", body="pass"))

    problem = project.problem("smoke")

    assert problem.what == f"MAY_WARN {what}"
    assert problem.hint.startswith(hint)
    assert problem.source == "plugins/smoke.py:2"


# Deadlines


def test_deadline_of_the_plugin_beats_the_usual_one(project: PluginProject) -> None:
    project.add("hung", NOTIFY.replace("raise OSError('no')", HUNG))
    plugins = loaded(project, "hung", hung={"timeout_seconds": 0.1})

    [problem] = plugins.observe("notify", event=an_event())

    assert problem.what == "no answer within 0.1 s"


def test_more_time_for_one_plugin_is_not_taken_from_the_others(
    project: PluginProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget of all together grows by what one of them may take longer."""
    project.add("slow", NOTIFY.replace("raise OSError('no')", "pass"))
    project.add("late", NOTIFY)
    deadlines = Deadlines(each_seconds=20, total_seconds=30)
    plugins = loaded(project, "slow", "late", deadlines=deadlines, slow={"timeout_seconds": 50})
    # At the beginning, before slow, and before late.
    clock = iter([0.0, 0.0, 45.0])
    monkeypatch.setattr(
        "sst.hooks.calling.observers.time", SimpleNamespace(monotonic=lambda: next(clock))
    )

    [problem] = plugins.observe("notify", event=an_event())

    assert (problem.plugin, problem.what.split(":")[0]) == ("late", "raised OSError")


def test_deadline_that_the_plugin_shares_comes_a_second_later(project: PluginProject) -> None:
    code = WEBHOOK.replace(
        'url: str = "none"', 'url: str = "none"\n    timeout_seconds: float = 4'
    )
    project.add("webhook", code)
    plugins = loaded(project, "webhook", webhook={"timeout_seconds": 7})

    [implementation] = plugins._implementations(
        plugins._implementations.__globals__["MODES"]["notify"], "notify", {"event": None}
    )

    assert implementation.terms.deadline_seconds == 8


def test_hung_contribution_is_left_out_after_its_deadline(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    code = "from sst.hooks import hookimpl\n@hookimpl\ndef register_checks():\n"
    project.add("hung", f"{code}    {HUNG}\n")
    project.add("endless", f"{code}    yield {HUNG}\n")
    quick = Deadlines(collect_seconds=0.1)
    plugins = loaded(project, "hung", "endless", deadlines=quick)

    assert plugins.collect("register_checks") == ()

    assert "plugin hung, register_checks: no answer within 0.1 s; it is left out" in caplog.text
    assert "plugin endless, register_checks: no answer within 0.1 s" in caplog.text


def test_secret_store_that_hangs_is_a_problem(project: PluginProject) -> None:
    code = "from sst.hooks import hookimpl\n@hookimpl\ndef config_values():\n"
    project.add("vault", f"{code}    {HUNG}\n")
    plugins = loaded(project, "vault", vault={"timeout_seconds": 0.1})

    with pytest.raises(ConfigError) as caught:
        plugins.collect("config_values", environment="x", wanted=(), project_root=Path())

    assert caught.value.problems[0].what == "config_values gave no answer within 0.1 s"


# Required


def offered(hook: str) -> dict[str, Any]:
    """Return the arguments of the contributing hook *hook*."""
    return {"application": an_application()} if "application" in hook_arguments(hook) else {}


@pytest.mark.parametrize("hook", ["register_checks", "register_commands", "register_routers"])
def test_contribution_of_a_required_plugin_may_not_fail(project: PluginProject, hook: str) -> None:
    code = f"from sst.hooks import hookimpl\n@hookimpl\ndef {hook}():\n    raise OSError('no')\n"
    project.add("core_team", code)
    plugins = loaded(project, "core_team", core_team={"required": True})

    with pytest.raises(ConfigError) as caught:
        plugins.collect(hook, **offered(hook))

    [problem] = caught.value.problems
    assert problem.what == f"{hook} raised OSError: no"
    assert problem.source == "plugins/core_team.py:4"


def test_only_required_plugins_are_demanded(project: PluginProject) -> None:
    code = "from sst.hooks import hookimpl\n@hookimpl\ndef register_checks():\n    return 7\n"
    project.add("optional", code)
    project.add("needed", code)
    relaxed = loaded(project, "optional", "needed")
    strict = loaded(project, "optional", "needed", needed={"required": True})

    relaxed.demand("register_checks")
    with pytest.raises(ConfigError) as caught:
        strict.demand("register_checks")

    [problem] = caught.value.problems
    assert problem.subject == "plugin needed"
    assert "returned int, not Check" in problem.what


# Order


ORDERED = """
from sst.hooks import Veto, hookimpl

@hookimpl(tryfirst={first}, trylast={last})
def pre_revision(run, revision):
    with (run.project_root / "order").open("a") as file:
        file.write("{name} ")
"""


@pytest.mark.parametrize("order", list(permutations(["zeta", "alpha", "mid"]))[:4], ids=" ".join)
def test_order_of_the_list_beats_everything_else(
    project: PluginProject, site: Path, order: tuple[str, ...]
) -> None:
    """Not the names, not the installation, not the folder, not pluggy's tryfirst."""
    project.add("zeta", ORDERED.format(name="zeta", first=True, last=False))
    for name in reversed(order):
        if name != "zeta":
            text = ORDERED.format(name=name, first=name == order[-1], last=name == order[0])
            unique = f"{name}_{'_'.join(order)}"
            install(site, f"dist-{name}", "1", f"{name} = {unique}", **{unique: text})
    plugins = loaded(project, *order)

    plugins.gate("pre_revision", run=a_run(project.root), revision=a_revision())

    assert (project.root / "order").read_text().split() == list(order)
