"""The mode of a hook decides what an answer and an exception mean."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.errors import ConfigError
from sst.hooks.contract.checks import Check
from sst.hooks.contract.run import Backup
from sst.hooks.manager import HookFailedError, build
from tests.support.plugin_project import a_revision, a_run, an_application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.plugin_project import PluginProject

IMPORTS = """\
from sst.hooks import Backup, Check, Migrations, Veto, hookimpl
from pathlib import Path
"""


def write_hook(project: PluginProject, name: str, signature: str, body: str) -> None:
    """Add the plugin *name* with one hook function."""
    project.add(name, f"{IMPORTS}\n@hookimpl\ndef {signature}:\n    {body}\n")


def write_tracer(
    project: PluginProject, name: str, mark: str = "@hookimpl", hook: str = "pre_migrate"
) -> None:
    """Add a plugin that writes its name to a file when it is asked."""
    project.add(name, f"{IMPORTS}\n{mark}\ndef {hook}(run):\n    {_trace(name)}\n")


def traced(project: PluginProject) -> list[str]:
    """Return who was asked, in order."""
    path = project.root / "trace.txt"
    return path.read_text().split() if path.exists() else []


def test_gates_are_asked_in_list_order(project: PluginProject) -> None:
    for name in ("b", "c", "a"):
        write_tracer(project, name)
    plugins = project.plugins("c", "a", "b")

    plugins.gate("pre_migrate", run=a_run(project.root))

    assert traced(project) == ["c", "a", "b"]


def test_gates_after_a_run_are_asked_in_reverse(project: PluginProject) -> None:
    """What was prepared last is looked at first."""
    for name in ("a", "b", "c"):
        write_tracer(project, name, hook="post_migrate")
    plugins = project.plugins("a", "b", "c")

    plugins.gate("post_migrate", run=a_run(project.root))

    assert traced(project) == ["c", "b", "a"]


def test_tryfirst_and_trylast_do_not_beat_the_list(project: PluginProject) -> None:
    """The order is the operator's."""
    write_tracer(project, "pushy", "@hookimpl(tryfirst=True)")
    write_tracer(project, "plain")
    write_tracer(project, "shy", "@hookimpl(trylast=True)")
    plugins = project.plugins("shy", "plain", "pushy")

    plugins.gate("pre_migrate", run=a_run(project.root))

    assert traced(project) == ["shy", "plain", "pushy"]


def test_hook_gets_only_what_it_asks_for(project: PluginProject) -> None:
    write_hook(project, "modest", "pre_revision()", "raise Veto('asked for nothing')")
    plugins = project.plugins("modest")

    with pytest.raises(HookFailedError, match="asked for nothing"):
        plugins.gate("pre_revision", run=a_run(), revision=a_revision())


def test_hook_gets_its_arguments_by_name(project: PluginProject) -> None:
    signature = "pre_revision(revision, run)"
    write_hook(project, "swapped", signature, "raise Veto(f'{revision.id} {run.id}')")
    plugins = project.plugins("swapped")

    with pytest.raises(HookFailedError, match="a1 run-1"):
        plugins.gate("pre_revision", run=a_run(), revision=a_revision())


def test_first_exception_stops_the_gates(project: PluginProject) -> None:
    write_hook(project, "broken", "pre_migrate(run)", "raise OSError('disk full')")
    write_tracer(project, "after")
    plugins = project.plugins("broken", "after")

    with pytest.raises(HookFailedError) as raised:
        plugins.gate("pre_migrate", run=a_run(project.root))

    assert (raised.value.plugin, raised.value.hook) == ("broken", "pre_migrate")
    assert isinstance(raised.value.error, OSError)
    assert raised.value.veto is None
    assert raised.value.reason == "OSError: disk full"
    assert raised.value.place == "plugins/broken.py:6"
    assert traced(project) == []


def test_veto_keeps_its_reason_and_hint(project: PluginProject) -> None:
    write_hook(project, "friday", "pre_migrate(run)", "raise Veto('a Friday', 'wait')")
    plugins = project.plugins("friday")

    with pytest.raises(HookFailedError) as raised:
        plugins.gate("pre_migrate", run=a_run())

    assert raised.value.veto is not None
    assert (raised.value.veto.reason, raised.value.veto.hint) == ("a Friday", "wait")


def test_exit_in_a_gate_is_the_plugins_failure(project: PluginProject) -> None:
    """A plugin's sys.exit(0) must not look like a successful run."""
    write_hook(project, "quitter", "pre_migrate(run)", "raise SystemExit(0)")
    plugins = project.plugins("quitter")

    with pytest.raises(HookFailedError) as raised:
        plugins.gate("pre_migrate", run=a_run())

    assert isinstance(raised.value.error, SystemExit)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "type('Signal', (BaseException,), {})"])
def test_interrupts_pass_through_a_gate(project: PluginProject, error: str) -> None:
    """Ctrl-C and the signals of a run are not the plugin's."""
    write_hook(project, "slow", "pre_migrate(run)", f"raise {error}")
    plugins = project.plugins("slow")

    with pytest.raises(BaseException) as raised:  # noqa: PT011 - the type is the assertion
        plugins.gate("pre_migrate", run=a_run())

    assert type(raised.value).__name__ in ("KeyboardInterrupt", "Signal")


def test_gate_says_whose_call_it_is_in(project: PluginProject) -> None:
    """The plugin that failed has been entered: it may have something to undo."""
    write_tracer(project, "one")
    write_hook(project, "two", "pre_migrate(run)", "raise OSError")
    write_tracer(project, "three")
    plugins, entered = project.plugins("one", "two", "three"), list[str]()

    @contextmanager
    def during(plugin: str) -> Iterator[None]:
        entered.append(plugin)
        try:
            yield
        finally:
            entered.append(f"end of {plugin}")

    with pytest.raises(HookFailedError):
        plugins.gate("pre_migrate", during=during, run=a_run(project.root))

    assert entered == ["one", "end of one", "two", "end of two"]


def test_gate_returns_backups_with_their_plugins(project: PluginProject) -> None:
    body = "return Backup('b1', 'file:///b1', 1, 'f00', True)"
    write_hook(project, "dump", "pre_migrate(run)", body)
    write_hook(project, "silent", "pre_migrate(run)", "return None")
    plugins = project.plugins("silent", "dump")

    [made] = plugins.gate("pre_migrate", run=a_run())

    assert made.plugin == "dump"
    assert made.value == Backup("b1", "file:///b1", 1, "f00", verified=True)


def test_wrong_answer_of_a_gate_is_ignored_with_a_warning(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    write_hook(project, "chatty", "pre_migrate(run)", "return False")
    plugins = project.plugins("chatty")

    made = plugins.gate("pre_migrate", run=a_run())

    assert made == ()
    [record] = caplog.records
    assert (record.name, record.levelno) == ("sst.plugins", logging.WARNING)
    assert record.getMessage() == "plugin chatty, pre_migrate: returned bool, which is ignored"


@pytest.mark.parametrize("work", ["asyncio.sleep(0)", "(step for step in [])"])
def test_work_that_nobody_would_do_fails_the_gate(project: PluginProject, work: str) -> None:
    """A backup that comes as a coroutine has not been made."""
    body = f"import asyncio; return {work}"
    write_hook(project, "lazy", "pre_migrate(run)", body)
    plugins = project.plugins("lazy")

    with pytest.raises(HookFailedError, match="its body has not run"):
        plugins.gate("pre_migrate", run=a_run())


def test_first_answer_wins(project: PluginProject) -> None:
    write_hook(project, "none", "resolve_database_url(url)", "return None")
    write_hook(project, "yes", "resolve_database_url(url)", "return f'real {url}'")
    write_hook(project, "late", "resolve_database_url(url)", "raise OSError")
    plugins = project.plugins("none", "yes", "late")

    assert (
        plugins.first("resolve_database_url", url="embedded", project_root=Path())
        == "real embedded"
    )


def test_first_without_an_answer_is_none(project: PluginProject) -> None:
    assert project.plugins().first("resolve_database_url", url="x", project_root=Path()) is None


def test_first_that_raises_is_named(project: PluginProject) -> None:
    write_hook(project, "broken", "resolve_database_url(url)", "raise OSError('no server')")
    plugins = project.plugins("broken")

    with pytest.raises(HookFailedError, match="plugin broken failed in resolve_database_url"):
        plugins.first("resolve_database_url", url="x", project_root=Path())


@pytest.mark.parametrize(
    "body",
    [
        "return [Check('x', print), Check('y', print)]",
        "return (Check(name, print) for name in 'xy')",
        "yield from (Check('x', print), Check('y', print))",
    ],
)
def test_collect_flattens_lists_and_generators(project: PluginProject, body: str) -> None:
    write_hook(project, "checks", "register_checks()", body)
    plugins = project.plugins("checks")

    items = plugins.collect("register_checks")

    assert [(item.plugin, item.value.name) for item in items] == [("checks", "x"), ("checks", "y")]


def test_collect_takes_one_item_for_a_list(project: PluginProject) -> None:
    write_hook(project, "single", "register_checks()", "return Check('x', print)")
    plugins = project.plugins("single")

    [item] = plugins.collect("register_checks")

    assert isinstance(item.value, Check)


@pytest.mark.parametrize("body", ["raise OSError('x')", "raise SystemExit", "yield 1 / 0"])
def test_collect_leaves_out_who_raises_and_names_it(
    project: PluginProject, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    write_hook(project, "broken", "register_checks()", body)
    write_hook(project, "good", "register_checks()", "return [Check('x', print)]")
    plugins = project.plugins("broken", "good")

    items = plugins.collect("register_checks")

    assert [item.plugin for item in items] == ["good"]
    assert "plugin broken, register_checks: raised" in caplog.text
    assert "plugins/broken.py:6" in caplog.text


def test_collect_leaves_out_items_of_a_wrong_type_and_names_them(
    project: PluginProject, caplog: pytest.LogCaptureFixture
) -> None:
    write_hook(project, "mixed", "register_checks()", "return [Check('x', print), 'y']")
    plugins = project.plugins("mixed")

    items = plugins.collect("register_checks")

    assert [item.value.name for item in items] == ["x"]
    assert "plugin mixed, register_checks: returned str, not Check" in caplog.text


def test_failing_secret_store_is_exit_2_and_shows_no_text(project: PluginProject) -> None:
    """Half the settings are no settings; and the text may hold the store's token."""
    canary = "s3cret-canary"
    write_hook(project, "vault", "config_values()", f"raise OSError('{canary}')")
    write_hook(project, "other", "config_values()", "return 42")
    plugins = project.plugins("vault", "other")

    with pytest.raises(ConfigError) as raised:
        plugins.collect("config_values", environment="testing", wanted=(), project_root=Path())

    assert raised.value.exit_code == 2
    assert [str(problem) for problem in raised.value.problems] == [
        "plugin vault: config_values raised OSError [plugins/vault.py:6]",
        "plugin other: config_values raised TypeError",
    ]
    assert canary not in str(raised.value)


def test_problems_that_a_secret_store_words_itself_are_told_without_its_secrets(
    project: PluginProject,
) -> None:
    code = """
        from pydantic import BaseModel, SecretStr
        from sst.hooks import ConfigError, Problem, hookimpl

        class Config(BaseModel):
            key: SecretStr

        class Plugin:
            def __init__(self, config):
                self.key = config.key.get_secret_value()

            @hookimpl
            def config_values(self):
                raise ConfigError([Problem("DATABASE_URL", f"refused for {self.key}")])
    """
    project.add("vault", code)
    [found] = project.discover("vault").found
    assert found.config_model is not None
    plugins = build([found], {"vault": found.config_model(key="canary-key-1234")})

    with pytest.raises(ConfigError) as raised:
        plugins.collect("config_values", environment="testing", wanted=(), project_root=Path())

    told = [str(problem) for problem in raised.value.problems]
    assert told == ["DATABASE_URL: refused for ******** [plugin vault]"]


def test_application_without_a_middleware_that_broke_is_not_built(project: PluginProject) -> None:
    """It may be the one that asks who somebody is."""
    write_hook(project, "guard", "register_middleware()", "raise OSError")
    write_hook(project, "other", "register_middleware()", "return ['x']")
    plugins = project.plugins("guard", "other")

    with pytest.raises(ConfigError) as raised:
        plugins.collect("register_middleware", application=an_application())

    assert [problem.what for problem in raised.value.problems] == [
        "register_middleware raised OSError",
        "register_middleware raised TypeError",
    ]


def test_mapping_is_one_item(project: PluginProject) -> None:
    write_hook(project, "vault", "config_values(wanted)", "return {wanted[0]: 'x'}")
    plugins = project.plugins("vault")

    [item] = plugins.collect(
        "config_values", environment="testing", wanted=("REDIS_URL",), project_root=Path()
    )

    assert item.value == {"REDIS_URL": "x"}


def test_missing_part_of_the_history_is_exit_2(project: PluginProject) -> None:
    """Revisions that are left out would make the database look ahead of the code."""
    write_hook(project, "audit", "register_migrations()", "raise OSError")
    plugins = project.plugins("audit")

    with pytest.raises(ConfigError, match="register_migrations raised OSError"):
        plugins.collect("register_migrations")


def test_secret_of_a_plugin_is_masked_in_what_it_raises(project: PluginProject) -> None:
    project.add(
        "webhook",
        """
        from pydantic import BaseModel, SecretStr
        from sst.hooks import hookimpl

        class Config(BaseModel):
            url: SecretStr = SecretStr("https://example/s3cret-canary")

        class Plugin:
            def __init__(self, config):
                self.url = config.url.get_secret_value()

            @hookimpl
            def pre_migrate(self, run):
                raise OSError(f"cannot reach {self.url}")
        """,
    )
    [found] = project.discover("webhook").found
    assert found.config_model is not None
    plugins = project.plugins("webhook", webhook=found.config_model())

    with pytest.raises(HookFailedError, match="OSError: cannot reach") as raised:
        plugins.gate("pre_migrate", run=a_run())

    assert "s3cret-canary" not in f"{raised.value} {raised.value.reason}"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("gate", {"runn": 1}),
        ("gate", {}),
        ("gate", {"run": 1, "more": 2}),
        ("observe", {"run": 1}),
        ("collect", {"run": 1}),
    ],
)
def test_wrong_call_is_a_bug_of_ours(
    project: PluginProject, call: str, arguments: dict[str, object]
) -> None:
    """Pluggy takes any keyword; a plugin would silently get nothing."""
    plugins = project.plugins()

    with pytest.raises(TypeError, match="pre_migrate"):
        getattr(plugins, call)("pre_migrate", **arguments)


def test_entries_tell_what_is_active(project: PluginProject) -> None:
    write_hook(project, "gate", "pre_migrate(run)", "...")

    [entry] = project.plugins("gate").entries

    assert (entry.name, entry.kind, entry.state) == ("gate", "local", "enabled")
    assert entry.hooks == ("pre_migrate",)
    assert entry.source == "plugins/gate.py"


def _trace(name: str) -> str:
    return f"with (run.project_root / 'trace.txt').open('a') as file: file.write('{name} ')"
