"""Plugins are created with their settings, and a failure to do so shows no settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, SecretStr

from sst.errors import ConfigError
from sst.hooks.manager import build
from tests.support.plugin_project import a_run

if TYPE_CHECKING:
    from tests.support.plugin_project import PluginProject

CANARY = "s3cret-canary"


def test_plugin_class_gets_its_settings(project: PluginProject) -> None:
    project.add(
        "limited",
        """
        from pydantic import BaseModel
        from sst.hooks import Veto, hookimpl

        class Config(BaseModel):
            reason: str = "never"

        class Plugin:
            def __init__(self, config):
                self.config = config

            @hookimpl
            def resolve_database_url(self, url):
                return f"{url} {self.config.reason}"
        """,
    )
    [found] = project.discover("limited").found
    assert found.config_model is not None

    plugins = build([found], {"limited": found.config_model(reason="busy")})

    assert plugins.first("resolve_database_url", url="x", project_root=Path()) == "x busy"


def test_plugin_class_without_settings_is_created_without(project: PluginProject) -> None:
    project.add("plain", _class("def __init__(self): self.reason = 'made'"))

    plugins = project.plugins("plain")

    assert plugins.first("resolve_database_url", url="x", project_root=Path()) == "made"


def test_all_plugins_that_cannot_be_created_are_named_with_their_lines(
    project: PluginProject,
) -> None:
    project.add("one", _class("def __init__(self): raise OSError('no such folder')"))
    project.add("two", _class("def __init__(self): raise SystemExit(3)"))

    with pytest.raises(ConfigError) as raised:
        project.plugins("one", "two")

    assert [str(problem) for problem in raised.value.problems] == [
        "plugin one: Plugin() raised OSError: no such folder [plugins/one.py:4]",
        "plugin two: Plugin() raised SystemExit: 3 [plugins/two.py:4]",
    ]


def test_wrong_constructor_is_named_at_the_class(project: PluginProject) -> None:
    """The call never reached a line of the plugin."""
    project.add("greedy", _class("def __init__(self, one, two): ..."))

    with pytest.raises(ConfigError) as raised:
        project.plugins("greedy")

    assert raised.value.problems[0].source == "plugins/greedy.py:3"


def test_interrupt_in_a_constructor_goes_on(project: PluginProject) -> None:
    project.add("slow", _class("def __init__(self): raise KeyboardInterrupt"))

    with pytest.raises(KeyboardInterrupt):
        project.plugins("slow")


@pytest.mark.parametrize(
    "config",
    [
        {"token": SecretStr(CANARY)},
        {"inner": {"tokens": [SecretStr(CANARY)]}},
    ],
)
def test_failing_constructor_shows_no_secret(
    project: PluginProject, config: dict[str, Any]
) -> None:
    """The exception's text may hold what the plugin was given."""
    project.add("leaky", _with_settings("raise ValueError(reveal(config))"))

    with pytest.raises(ConfigError) as raised:
        project.plugins("leaky", leaky=_Settings(values=config))

    assert CANARY not in str(raised.value)
    assert raised.value.problems[0].what == "Plugin(config) raised ValueError"


def test_failing_constructor_shows_no_text_with_a_telling_name(project: PluginProject) -> None:
    """`config show` masks `api_token` whatever its type, and so does everything else."""
    project.add(
        "leaky",
        _class("def __init__(self, config): raise ValueError(config.api_token)")
        + "\nfrom pydantic import BaseModel\n"
        f"class Config(BaseModel):\n    api_token: str = {CANARY!r}\n",
    )
    [found] = project.discover("leaky").found
    assert found.config_model is not None

    with pytest.raises(ConfigError) as raised:
        build([found], {"leaky": found.config_model()})

    assert CANARY not in str(raised.value)


def test_failing_constructor_without_secrets_says_why(project: PluginProject) -> None:
    project.add("honest", _with_settings("raise ValueError('too small')"))

    with pytest.raises(ConfigError, match="too small"):
        project.plugins("honest", honest=_Settings(values={"token": SecretStr("")}))


def test_plugin_without_its_settings_is_a_problem(project: PluginProject) -> None:
    project.add("hungry", _with_settings("..."))

    with pytest.raises(ConfigError, match="has no settings to start with"):
        project.plugins("hungry")


def test_hook_that_only_the_instance_has_is_validated_too(project: PluginProject) -> None:
    """What is made in the constructor cannot be seen before."""
    project.add("sly", _class("def __init__(self): self.notify_all = hookimpl(lambda: None)"))

    with pytest.raises(ConfigError, match="notify_all"):
        project.plugins("sly")


def test_one_module_under_two_names_is_a_problem(project: PluginProject) -> None:
    project.add("one", "from sst.hooks import hookimpl\n\n@hookimpl\ndef pre_migrate(run): ...\n")
    [found] = project.discover("one").found
    twin = type(found)("two", found.kind, "", "", found.root, found.module)

    with pytest.raises(ConfigError, match="already registered"):
        build([found, twin], {})


def test_two_runtimes_share_no_plugins(project: PluginProject) -> None:
    project.add("one", "from sst.hooks import hookimpl\n\n@hookimpl\ndef pre_migrate(run): ...\n")
    project.plugins("one")

    nobody = project.plugins()

    assert nobody.entries == ()
    assert nobody.gate("pre_migrate", run=a_run()) == ()


class _Settings(BaseModel):
    """Stands for the settings of any plugin."""

    values: dict[str, Any]


def _class(constructor: str) -> str:
    return (
        "from sst.hooks import hookimpl\n\n"
        f"class Plugin:\n    {constructor}\n\n"
        "    @hookimpl\n    def resolve_database_url(self): return self.reason\n"
    )


def _with_settings(body: str) -> str:
    return (
        "from pydantic import BaseModel\nfrom sst.hooks import hookimpl\n\n"
        "def reveal(config):\n"
        "    token = config.values.get('token') or config.values['inner']['tokens'][0]\n"
        "    return token.get_secret_value()\n\n"
        "class Config(BaseModel): ...\n\n"
        f"class Plugin:\n    def __init__(self, config):\n        {body}\n\n"
        "    @hookimpl\n    def notify(self, event): ...\n"
    )
