"""`migrate.py plugins hooks|show|doctor|lock` on a project with plugins of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

FIRST = """
    from pydantic import BaseModel, Field, SecretStr
    from sst.hooks import hookimpl

    class Config(BaseModel):
        token: SecretStr = Field("s3cr3t-canary", description="Opens the door.")
        limit: int = Field(3, description="How many.")

    class Plugin:
        def __init__(self, config):
            self.config = config

        @hookimpl
        def pre_migrate(self, run): ...

        @hookimpl
        def post_migrate(self, run): ...
"""
SECOND = """
    from sst.hooks import hookimpl

    @hookimpl
    def post_migrate(run): ...
"""
NONSENSE = """
    from sst.hooks import hookimpl
    @hookimpl
    def register_commands():
        return ["text"]
    @hookimpl
    def register_routers():
        return [42]
    @hookimpl
    def register_middleware(application):
        raise RuntimeError("on purpose")
"""
BRANCH = """
    from pathlib import Path
    from sst.hooks import Migrations, hookimpl
    @hookimpl
    def register_migrations():
        return [Migrations(Path(__file__).parent / "{name}_versions", branch_label="same")]
"""
BROKEN = "import nowhere_at_all\n"


@pytest.fixture
def two(project: Project) -> Project:
    """Two plugins with gates, and a revision."""
    project.plugin("first", FIRST)
    project.plugin("second", SECOND)
    project.enable("first", "second")
    project.revision("one", "op.create_table('one', sa.Column('id', sa.Integer))")
    return project


def hook(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the row of the hook *name*."""
    [row] = [each for each in answer["hooks"] if each["hook"] == name]
    return dict(row)


def codes(answer: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in answer["findings"]]


def test_hooks_are_shown_with_their_plugins_in_the_order_of_the_calls(two: Project) -> None:
    answer = two.migrate("plugins", "hooks", "--json").json

    assert hook(answer, "pre_migrate")["plugins"] == ["first"]
    assert hook(answer, "post_migrate")["plugins"] == ["second", "first"]
    assert hook(answer, "post_migrate")["order"] == "reverse"


def test_unknown_hook_names_the_nearest(two: Project) -> None:
    result = two.migrate("plugins", "hooks", "pre_migrat")

    assert (result.exit_code, "did you mean pre_migrate?" in result.stderr) == (2, True)


def test_show_tells_code_settings_hooks_and_the_last_timings(two: Project) -> None:
    two.migrate("upgrade")

    result = two.migrate("plugins", "show", "first", "--json")

    plugin = result.json["plugin"]
    assert result.exit_code == 0, result.output
    assert plugin["file"] == "plugins/first.py"
    assert plugin["hook_places"][0]["place"].startswith("plugins/first.py:")
    assert [row["hook"] for row in plugin["timings"]] == ["pre_migrate", "post_migrate"]
    assert plugin["timed_in"] == two.last_run()["id"]
    described = {row["name"]: row["description"] for row in plugin["settings"]}
    assert described["PLUGINS__FIRST__LIMIT"] == "How many."
    assert "s3cr3t-canary" not in result.output


def test_show_without_a_database_tells_the_rest(two: Project) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"

    result = two.migrate("plugins", "show", "first", "--json", DATABASE_URL=url)

    assert result.exit_code == 0, result.output
    assert result.json["plugin"]["settings"]
    assert "no timings" in result.json["warnings"][0]


def test_show_of_a_plugin_that_is_not_enabled_imports_nothing(two: Project) -> None:
    two.plugin("asleep", 'open("imported", "w").close()\n')

    result = two.migrate("plugins", "show", "asleep", "--json")

    assert result.json["plugin"]["state"] == "not_enabled"
    assert not (two.root / "imported").exists()


def test_show_of_a_broken_plugin_says_where_it_breaks(two: Project) -> None:
    two.plugin("broken", BROKEN)
    two.enable("first", "broken")

    result = two.migrate("plugins", "show", "broken")

    assert result.exit_code == 0, result.output
    assert "plugins/broken.py:1" in result.stderr


def test_doctor_finds_nothing_wrong_with_good_plugins(two: Project) -> None:
    result = two.migrate("plugins", "doctor", "--json")

    assert (result.exit_code, result.json["findings"]) == (0, []), result.output


def test_doctor_names_what_stops_a_run_and_what_may_surprise(two: Project) -> None:
    two.plugin("broken", BROKEN)
    two.plugin("asleep", SECOND)
    two.enable("first", "broken")
    text = (two.root / "settings.toml").read_text()
    (two.root / "settings.toml").write_text(text + "\n[default.plugins.asleep]\nlimit = 1\n")
    (two.root / "plugins" / "first.py").chmod(0o666)

    result = two.migrate("plugins", "doctor", "--json")

    assert result.exit_code == 2, result.output
    assert set(codes(result.json)) == {"configuration", "world_writable", "unread_setting"}
    assert result.json["error"]["problems"][0]["subject"] == "plugin broken"


def test_doctor_finds_clashing_commands_and_routes(two: Project) -> None:
    two.plugin(
        "clash",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def register_commands():
            import click
            return [click.Command("upgrade", callback=lambda: None)]
        @hookimpl
        def register_routers():
            from fastapi import APIRouter
            def one(): ...
            def two(): ...
            routers = [APIRouter(), APIRouter()]
            routers[0].add_api_route("/same", one)
            routers[1].add_api_route("/same", two)
            return routers
    """,
    )
    two.enable("clash")

    result = two.migrate("plugins", "doctor", "--json")

    assert result.exit_code == 2, result.output
    told = " ".join(finding["what"] for finding in result.json["findings"])
    assert "GET /plugins/clash/same is served twice" in told
    assert "its command 'upgrade' has the name of a core command" in told


def test_doctor_finds_what_would_stop_any_command_or_the_application(two: Project) -> None:
    """Each of them is exit 2 elsewhere: a doctor that finds nothing would be believed."""
    two.plugin("nonsense", NONSENSE)
    for name in ("left", "right"):
        (two.root / "plugins" / f"{name}_versions").mkdir()
        two.plugin(name, BRANCH.format(name=name))
    two.enable("nonsense", "left", "right")

    result = two.migrate("plugins", "doctor", "--json")

    assert result.exit_code == 2, result.output
    told = {(each["subject"], each["what"]) for each in result.json["findings"]}
    for subject, words in (
        ("plugin nonsense", "register_commands returned 'text', not a click command"),
        ("plugin nonsense", "register_routers returned int, not a fastapi.APIRouter"),
        ("plugin nonsense", "register_middleware raised RuntimeError"),
        ("plugin right", "the branch label 'same' is taken by the plugin left"),
    ):
        assert any(each[0] == subject and words in each[1] for each in told), (words, told)


def test_doctor_tells_each_setting_once(two: Project) -> None:
    with (two.root / "settings.toml").open("a") as file:
        file.write("\n[development.plugins.nobody]\nlimit = 1\n")

    result = two.migrate("plugins", "doctor", "--json", ENV_FOR_DYNACONF="development")

    assert codes(result.json) == ["configuration"], result.output


def test_doctor_knows_who_is_enabled_by_a_variable(two: Project) -> None:
    two.enable()
    with (two.root / "settings.toml").open("a") as file:
        file.write("\n[default.plugins.first]\nlimit = 1\n")

    result = two.migrate("plugins", "doctor", "--json", PLUGINS__ENABLED='["first"]')

    assert (result.exit_code, result.json["findings"]) == (0, []), result.output


def test_changed_plugin_is_refused_in_production_before_it_is_imported(two: Project) -> None:
    two.migrate("plugins", "lock")
    two.plugin("first", 'open("imported", "w").close()\n' + SECOND)

    result = two.migrate("upgrade", "--json", ENV_FOR_DYNACONF="production")

    assert result.exit_code == 2, result.output
    assert result.json["error"]["problems"][0]["subject"] == "plugin first"
    assert not (two.root / "imported").exists()
    assert two.current_revision() is None


def test_lock_is_not_asked_in_development(two: Project) -> None:
    two.migrate("plugins", "lock")
    two.plugin("second", SECOND + "\n    # changed\n")

    doctor = two.migrate("plugins", "doctor", "--json")
    assert two.migrate("upgrade").exit_code == 0
    assert (doctor.exit_code, codes(doctor.json)) == (0, ["lock"]), doctor.output


def test_lock_check_tells_what_changed_and_writes_nothing(two: Project) -> None:
    two.migrate("plugins", "lock")
    before = (two.root / "plugins.lock").read_text()
    two.plugin("second", SECOND + "\n    # changed\n")

    result = two.migrate("plugins", "lock", "--check", "--json")

    assert result.exit_code == 2
    assert result.json["error"]["problems"][0]["subject"] == "plugin second"
    assert (two.root / "plugins.lock").read_text() == before
