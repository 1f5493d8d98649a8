"""What an operator decides about one plugin, before any plugin is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, Field

from sst.config import PluginValue
from sst.config.declared.plugin_policy import PluginPolicy
from sst.config.show import views
from sst.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Slow(BaseModel):
    """A plugin with a deadline of its own."""

    timeout_seconds: float = Field(4.0, gt=0, description="For one event.")


def listed(site: Site, *names: str, section: str = "") -> Site:
    """Write settings that enable *names*, and then *section*."""
    text = (
        f"[default.plugins]\nenabled = {list(names)!r}\n{section}\n[development]\n[production]\n"
    )
    site.settings(text)
    return site


def test_every_plugin_has_the_keys_of_the_core(site: Site) -> None:
    listed(site, "backup")

    choice = site.open().choice

    assert choice.policies == {"backup": PluginPolicy()}
    assert choice.active == ("backup",)


def test_policy_comes_from_every_source(site: Site) -> None:
    listed(site, "a", "b", "c", section="[default.plugins.a]\nrequired = true\n")
    site.environ["PLUGINS__B__TIMEOUT_SECONDS"] = "7.5"
    site.overrides.append("plugins.c.on_error=warn")

    found = site.load().choice.policies

    assert found["a"].required
    assert found["b"].timeout_seconds == 7.5
    assert found["c"].on_error == "warn"


def test_plugin_is_switched_off_in_one_environment(site: Site) -> None:
    listed(site, "a", "b", section="[production.plugins.a]\nenabled = false\n")
    site.environ["DATABASE_URL"] = "postgresql://app:right-password@db/sst"

    development = site.open().choice.active
    production = site.open(environment="production").choice.active

    assert (development, production) == (("a", "b"), ("b",))


def test_settings_of_a_plugin_that_is_switched_off_may_stay(site: Site) -> None:
    listed(site, "backup", section="[default.plugins.backup]\nenabled = false\nkeep = 3\n")
    site.environ["PLUGINS__BACKUP__DIRECTORY"] = "/backups"

    found = site.open().bind({}, unread_plugins=["backup"])

    assert not found.choice.policies["backup"].enabled


@pytest.mark.parametrize(
    ("section", "left_out", "what"),
    [
        ("[default.plugins.b]\nrequired = true", (), "is required and not in plugins.enabled"),
        ("[default.plugins.a]\nrequired = true\nenabled = false", (), "is required and switched"),
        ("[default.plugins.a]\nrequired = true", ("a",), "is required, and --no-plugin leaves"),
    ],
)
def test_required_plugin_that_would_not_take_part_is_a_problem(
    site: Site, section: str, left_out: tuple[str, ...], what: str
) -> None:
    """Raised when the sources are opened: nothing has been imported by then."""
    listed(site, "a", section=section)

    with pytest.raises(ConfigError) as caught:
        site.open(left_out=left_out)

    [problem] = caught.value.problems
    assert problem.what.startswith(what)
    assert problem.source.startswith("settings.toml:")
    assert problem.hint


def test_required_may_be_taken_back_in_one_environment(site: Site) -> None:
    section = "[default.plugins.b]\nrequired = true\n[development.plugins.b]\nrequired = false\n"
    listed(site, "a", section=section)

    assert site.load(known=["b"]).choice.active == ("a",)


@pytest.mark.parametrize("name", ["my-backup", "my_backup", "MY_BACKUP"])
def test_no_plugin_leaves_out_whatever_the_spelling(site: Site, name: str) -> None:
    listed(site, "my-backup", "notify")

    assert site.open(left_out=[name]).choice.active == ("notify",)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('required = "maybe"', "should be a valid boolean"),
        ('on_error = "ignore"', "should be 'abort' or 'warn'"),
        ("timeout_seconds = 0", "should be greater than 0"),
        ('requires = "sst-slack @ https://x/y"', "should be a distribution and its versions"),
        ('requires = "sst-slack[extra]>1"', "should be a distribution and its versions"),
        ('requires = ">=1"', "should be a distribution and its versions"),
        ('use = " "', "names no plugin"),
    ],
)
def test_wrong_policy_stops_before_anything_is_imported(site: Site, line: str, what: str) -> None:
    listed(site, "a", section=f"[default.plugins.a]\n{line}\n")

    with pytest.raises(ConfigError) as caught:
        site.open()

    [problem] = caught.value.problems
    assert what in problem.what
    assert problem.subject == f"PLUGINS__A__{line.partition(' ')[0].upper()}"


def test_misspelt_key_of_the_core_is_named(site: Site) -> None:
    listed(site, "a", section="[default.plugins.a]\nrequird = true\n")

    [problem] = site.problems()

    assert problem.hint == "did you mean 'plugins.a.required'?"


def test_key_of_the_same_name_is_shared_with_the_plugin(site: Site) -> None:
    """The plugin gets the value, and the core reads the same one."""
    listed(site, "slow", section="[default.plugins.slow]\ntimeout_seconds = 9\n")
    site.sections["slow"] = Slow

    found = site.load()

    assert found.plugin_settings["slow"] == Slow(timeout_seconds=9)
    assert found.choice.policies["slow"].timeout_seconds == 9
    explained = views.explain(found, "plugins.slow.timeout_seconds")
    assert (explained.description, explained.default) == ("For one event.", 4.0)


def test_default_of_the_plugin_is_no_decision_of_the_operator(site: Site) -> None:
    listed(site, "slow")
    site.sections["slow"] = Slow

    assert site.load().choice.policies["slow"].timeout_seconds is None


@pytest.mark.parametrize("key", ["required", "enabled", "use", "timeout_seconds"])
def test_secret_store_decides_nothing_about_plugins(site: Site, key: str) -> None:
    listed(site, "slow")
    site.sections["slow"] = Slow
    site.values.append(PluginValue(f"PLUGINS__SLOW__{key.upper()}", "1", "vault"))

    [problem] = site.problems()

    assert problem.what == "cannot come from a plugin"
    assert f"PLUGINS__SLOW__{key.upper()}" not in site.open().wanted(site.sections)


def test_show_and_explain_know_the_keys(site: Site) -> None:
    listed(site, "a", section="[default.plugins.a]\nrequired = true\n")

    found = site.load()

    shown = {line.name: line for line in views.show(found).settings}
    assert (shown["PLUGINS__A__REQUIRED"].value, shown["PLUGINS__A__USE"].value) == (True, None)
    assert shown["PLUGINS__A__REQUIRED"].source == "settings.toml:4 [default]"
    assert views.explain(found, "PLUGINS__A__ON_ERROR").default == "abort"
