"""Bad input: the right exit code, three lines, no traceback, and nothing changed."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from tests.support.project import Outcome
    from tests.support.server import TestServer


def assert_refused(result: Outcome, exit_code: int, *words: str) -> None:
    """Check the exit code, the three lines and the absence of a traceback."""
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert "  why:" in result.stderr or exit_code == 2
    assert "  next:" in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.fixture
def chain(project: Project) -> Project:
    """Two revisions, a table each, with nothing applied."""
    for name in ("alpha_one", "alpha_two"):
        project.revision(
            name,
            f"op.create_table('{name}', sa.Column('id', sa.Integer))",
            f"op.drop_table('{name}')",
        )
    return project


def test_unknown_environment_names_the_nearest(chain: Project) -> None:
    result = chain.migrate("upgrade", ENV_FOR_DYNACONF="prodution")

    assert_refused(result, 2, "prodution", "production")
    assert chain.current_revision() is None


def test_unknown_setting_names_the_nearest(chain: Project) -> None:
    result = chain.migrate("upgrade", MIGRATE__LOCK_WAITT="3")

    assert_refused(result, 2, "MIGRATE__LOCK_WAITT", "LOCK_WAIT")
    assert chain.current_revision() is None


def test_all_problems_are_told_at_once(chain: Project) -> None:
    result = chain.migrate(
        "upgrade", "--json", DEBUG="maybe", DB_POOL_SIZE="many", PLUGINS__ENABLED='["missing_one"]'
    )

    subjects = " ".join(problem["subject"] for problem in result.json["error"]["problems"])
    assert result.exit_code == 2
    assert "DEBUG" in subjects
    assert "DB_POOL_SIZE" in subjects
    assert "missing_one" in subjects


def test_production_without_a_database_is_refused(chain: Project) -> None:
    result = chain.migrate("upgrade", ENV_FOR_DYNACONF="production", DATABASE_URL="")

    assert_refused(result, 2, "DATABASE_URL")


def test_missing_database_sends_nobody_to_a_command_that_says_ok(chain: Project) -> None:
    """In development `config check` has nothing against it: other commands do without."""
    settled = chain.migrate("config", "check", DATABASE_URL="")
    refused = chain.migrate("upgrade", DATABASE_URL="")

    assert settled.exit_code == 0
    assert_refused(refused, 2, "DATABASE_URL")
    assert "config check" not in refused.stderr


def test_unreachable_server_is_temporary(chain: Project) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        port = bound.getsockname()[1]
        result = chain.migrate("upgrade", DATABASE_URL=f"postgresql://u:p@127.0.0.1:{port}/x")

    assert_refused(result, 75, "Cannot connect")


def test_wrong_password_is_a_wrong_setting_and_is_not_printed(
    tmp_path: Path, embedded: TestServer
) -> None:
    """The server's own first rule asks this role for a password; everybody else is trusted."""
    project = Project.create(tmp_path / "project", embedded.create_database())
    [(rules,)] = project.query("show hba_file")
    path = Path(rules)
    before = path.read_text()
    project.query("create role locked_out login password 'the-right-one'")
    path.write_text("local all locked_out scram-sha-256\n" + before)
    project.query("select pg_reload_conf()")
    try:
        rest = project.database_url.split("@", 1)[1]
        url = f"postgresql://locked_out:the-wrong-one@{rest}"

        result = project.migrate("upgrade", DATABASE_URL=url)

        assert_refused(result, 2, "password authentication failed")
        assert "the-wrong-one" not in result.output
    finally:
        path.write_text(before)
        project.query("select pg_reload_conf()")
        project.query("drop role locked_out")


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("127.0.0.1:1/x?sslmode=requires", "sslmode"),
        ("127.0.0.1:1/x?sslmod=require", "sslmod"),
        ("127.0.0.1:99999/x", "99999"),
        ("127.0.0.1:1/x?connect_timeout=soon", "connect_timeout"),
        ("127.0.0.1:1/x?target_session_attrs=readwrite", "readwrite"),
    ],
)
def test_parameter_that_no_server_will_ever_take_is_a_wrong_setting(
    chain: Project, place: str, word: str
) -> None:
    """Exit 75 would make an orchestrator try again for ever."""
    result = chain.migrate("check", DATABASE_URL=f"postgresql://u:p@{place}")

    assert_refused(result, 2, "DATABASE_URL", word)


def test_host_without_an_address_can_be_tried_again(chain: Project) -> None:
    """The name of a container that is just starting is not known yet."""
    result = chain.migrate("upgrade", DATABASE_URL="postgresql://app@nowhere.invalid/app")

    assert_refused(result, 75, "nowhere.invalid", "correct the host")


def test_missing_database_is_a_wrong_setting(chain: Project) -> None:
    missing = chain.database_url.replace("/test_", "/absent_")

    result = chain.migrate("check", DATABASE_URL=missing)

    assert_refused(result, 2, "does not exist", "then run `python migrate.py check`")


def test_other_dialect_is_refused(chain: Project) -> None:
    result = chain.migrate("upgrade", DATABASE_URL="mysql://u:p@localhost/x")

    assert_refused(result, 2, "PostgreSQL")


@pytest.mark.parametrize(
    ("target", "word"), [("nope", "nope"), ("alpha_", "alpha_one"), ("+9", "+9")]
)
def test_target_that_does_not_exist_touches_nothing(
    chain: Project, target: str, word: str
) -> None:
    result = chain.migrate("upgrade", target)

    assert_refused(result, 6, word)
    assert chain.current_revision() is None


def test_two_heads_are_named(chain: Project) -> None:
    chain.revision("beta", down="alpha_one")

    upgrade = chain.migrate("upgrade")
    check = chain.migrate("check", "--json")

    assert_refused(upgrade, 6, "alpha_two", "beta")
    assert (check.exit_code, check.json["state"]) == (6, "diverged")


def test_database_ahead_names_the_run_that_brought_it_there(chain: Project) -> None:
    newest = chain.revision("gamma")
    chain.migrate("upgrade")
    next((chain.root / "alembic" / "versions").glob(f"*_{newest}.py")).unlink()

    upgrade = chain.migrate("upgrade")
    check = chain.migrate("check", "--json")

    assert_refused(upgrade, 6, "gamma")
    assert (check.exit_code, check.json["state"]) == (6, "ahead")
    assert chain.last_run()["id"] in check.json["error"]["message"]


def test_missing_file_in_the_middle_is_a_broken_history(chain: Project) -> None:
    next((chain.root / "alembic" / "versions").glob("*_alpha_one.py")).unlink()

    result = chain.migrate("upgrade")

    assert_refused(result, 6, "alpha_one")


def test_revision_file_with_a_syntax_error_is_named(chain: Project) -> None:
    path = next((chain.root / "alembic" / "versions").glob("*_alpha_two.py"))
    path.write_text(path.read_text() + "\ndef broken(:\n")

    result = chain.migrate("upgrade")

    assert_refused(result, 6, path.name)


def test_broken_plugin_is_named_with_file_and_line(chain: Project) -> None:
    chain.plugin("shaky", "import nothing_of_that_name\n")
    chain.enable("shaky")

    result = chain.migrate("upgrade")

    assert_refused(result, 2, "shaky", "plugins/shaky.py:1")
    assert chain.current_revision() is None


def test_plugins_list_works_while_a_plugin_is_broken(chain: Project) -> None:
    chain.plugin("shaky", "import nothing_of_that_name\n")
    chain.enable("shaky")

    result = chain.migrate("plugins", "list")

    assert result.exit_code == 0, result.output
    assert "shaky" in result.stdout


def test_other_environment_is_refused_with_the_flag_that_overrides(chain: Project) -> None:
    chain.migrate("upgrade", "+1", ENV_FOR_DYNACONF="production")

    refused = chain.migrate("upgrade")
    allowed = chain.migrate("upgrade", "--allow-environment-change")

    assert_refused(refused, 5, "production", "--allow-environment-change")
    assert allowed.exit_code == 0, allowed.output


@pytest.mark.parametrize("environment", ["production", "development"])
def test_downgrade_to_base_asks_for_the_name(chain: Project, environment: str) -> None:
    chain.migrate("upgrade", ENV_FOR_DYNACONF=environment)
    name = chain.database_url.split("?")[0].rsplit("/", 1)[-1]

    silent = chain.migrate("downgrade", "base", ENV_FOR_DYNACONF=environment)
    wrong = chain.migrate("downgrade", "base", "--confirm", "other", ENV_FOR_DYNACONF=environment)
    right = chain.migrate("downgrade", "base", "--confirm", name, ENV_FOR_DYNACONF=environment)

    assert_refused(silent, 5, f"--confirm {name}")
    assert_refused(wrong, 5, "other")
    assert right.exit_code == 0, right.output


def test_downgrade_in_production_asks_for_the_name(chain: Project) -> None:
    chain.migrate("upgrade", ENV_FOR_DYNACONF="production")

    result = chain.migrate("downgrade", "-1", ENV_FOR_DYNACONF="production")

    assert_refused(result, 5, "--confirm")
    assert chain.current_revision() == "alpha_two"


def test_role_without_the_right_to_record_is_refused(chain: Project) -> None:
    """A run that cannot be recorded does not begin."""
    with role(chain) as weak:
        result = chain.migrate("upgrade", DATABASE_URL=weak)

    assert_refused(result, 5, "record")
    assert chain.current_revision() is None


def test_stamp_that_fails_is_on_record_and_moves_nothing(chain: Project) -> None:
    chain.migrate("upgrade", "+1")

    result = chain.migrate("stamp", "nope", "--json")

    assert result.exit_code == 6, result.output
    assert chain.current_revision() == "alpha_one"
    assert (chain.last_run()["command"], chain.last_run()["outcome"]) == ("stamp", "refused")


def test_role_that_may_not_read_the_version_table_is_told_so(chain: Project) -> None:
    """What the server says in a reading command is an error of three lines, not a bug."""
    chain.migrate("upgrade")
    with role(chain) as blind:
        result = chain.migrate("current", DATABASE_URL=blind)

    assert_refused(result, 5, "alembic_version")
