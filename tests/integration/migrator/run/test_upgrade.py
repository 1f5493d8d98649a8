"""What `upgrade` and `downgrade` do to a database, and what they say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project


KEYS = {
    "schema_version",
    "command",
    "ok",
    "exit_code",
    "environment",
    "database",
    "schema",
    "error",
    "run_id",
    "state",
    "before",
    "after",
    "heads",
    "pending",
    "applied",
    "plugins",
    "backup",
    "checks",
    "warnings",
}


@pytest.fixture
def chain(project: Project) -> Project:
    """Three revisions, a table each."""
    for name in ("one", "two", "three"):
        project.revision(
            name,
            f"op.create_table('{name}', sa.Column('id', sa.Integer))",
            f"op.drop_table('{name}')",
        )
    return project


def test_upgrade_moves_to_head_and_says_so(chain: Project) -> None:
    result = chain.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert result.json["before"] is None
    assert result.json["after"] == "three"
    assert result.json["state"] == "up_to_date"
    assert [item["revision"] for item in result.json["applied"]] == ["one", "two", "three"]
    assert chain.current_revision() == "three"


def test_second_upgrade_has_nothing_to_do_and_calls_no_gate(chain: Project) -> None:
    chain.plugin(
        "gatekeeper",
        """
        from sst.hooks import hookimpl
        @hookimpl
        def pre_migrate(run):
            open("gate-was-here", "a").write(run.id)
    """,
    )
    chain.enable("gatekeeper")
    chain.migrate("upgrade")
    (chain.root / "gate-was-here").unlink()

    result = chain.migrate("upgrade")

    assert result.exit_code == 0, result.output
    assert "up to date" in result.stdout
    assert not (chain.root / "gate-was-here").exists()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("+1", "one"),
        ("+2", "two"),
        ("two", "two"),
        ("thre", "three"),
        ("head", "three"),
        ("heads", "three"),
        ("one+1", "two"),
    ],
)
def test_upgrade_understands_every_form_of_target(
    chain: Project, target: str, expected: str
) -> None:
    result = chain.migrate("upgrade", target)

    assert result.exit_code == 0, result.output
    assert chain.current_revision() == expected


def test_downgrade_by_one_works_as_the_guide_writes_it(chain: Project) -> None:
    chain.migrate("upgrade")

    result = chain.migrate("downgrade", "-1")

    assert result.exit_code == 0, result.output
    assert chain.current_revision() == "two"
    assert chain.query("select to_regclass('three')") == [(None,)]


def test_misspelt_option_of_downgrade_is_no_revision(chain: Project) -> None:
    chain.migrate("upgrade")

    result = chain.migrate("downgrade", "--yess")

    assert result.exit_code == 2
    assert "--yess" in result.stderr
    assert chain.current_revision() == "three"


def test_every_revision_commits_by_itself(chain: Project) -> None:
    """What was committed before a failure stays, and the message says so."""
    chain.revision("four", "op.execute('select 1/0')")

    result = chain.migrate("upgrade", "--json")

    assert result.exit_code == 1
    assert chain.current_revision() == "three"
    assert result.json["error"]["code"] == "revision_failed"
    assert result.json["error"]["revision"] == "four"
    assert result.json["error"]["sqlstate"] == "22012"
    assert "one, two, three" in result.json["error"]["message"]
    assert [item["state"] for item in result.json["pending"]] == ["failed"]


def test_failed_revision_is_on_record_although_it_was_rolled_back(chain: Project) -> None:
    chain.revision(
        "four", "op.create_table('four', sa.Column('id', sa.Integer))\nop.execute('select 1/0')"
    )

    chain.migrate("upgrade")

    row = chain.last_run()
    steps = chain.query("select revision, outcome from migrator.step order by position")
    assert chain.query("select to_regclass('four')") == [(None,)]
    assert row["outcome"] == "failed"
    assert row["error"]["sqlstate"] == "22012"
    assert row["error"]["statement"] == "select ?/?"
    assert row["to_heads"] == ["three"]
    assert steps == [
        ("one", "applied"),
        ("two", "applied"),
        ("three", "applied"),
        ("four", "failed"),
    ]


def test_corrected_revision_goes_on_where_the_failed_run_stopped(chain: Project) -> None:
    broken = chain.revision("four", "op.execute('select 1/0')")
    chain.migrate("upgrade")
    path = next((chain.root / "alembic" / "versions").glob(f"*_{broken}.py"))
    path.write_text(path.read_text().replace("1/0", "1"))

    result = chain.migrate("upgrade", "--json")

    assert result.exit_code == 0, result.output
    assert [item["revision"] for item in result.json["applied"]] == ["four"]


def test_ledger_says_who_ran_what_where(chain: Project) -> None:
    chain.migrate("upgrade")

    row = chain.last_run()

    assert row["outcome"] == "succeeded"
    assert row["command"] == "upgrade"
    assert row["environment"] == "development"
    assert row["from_heads"] == []
    assert row["to_heads"] == ["three"]
    assert row["os_user"]
    assert row["host"]
    assert row["finished_at"] > row["started_at"]


@pytest.mark.parametrize(
    ("command", "exit_code"), [("check", 3), ("current", 0), ("history", 0), ("plan", 0)]
)
def test_reading_commands_create_nothing(chain: Project, command: str, exit_code: int) -> None:
    result = chain.migrate(command)

    assert result.exit_code == exit_code, result.output
    tables = chain.query(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname in ('public', 'migrator')"
    )
    assert tables == [(0,)]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["current"],
        ["history"],
        ["plan"],
        ["upgrade"],
        ["upgrade", "nope"],
        ["downgrade", "-1"],
        ["nonsense"],
        ["upgrade", "--nonsense"],
        ["plugins", "list"],
        ["stamp", "one"],
        ["config", "show"],
        ["config", "check"],
    ],
)
def test_json_has_the_same_keys_on_success_and_failure(
    chain: Project, arguments: list[str]
) -> None:
    result = chain.migrate(*arguments, "--json")

    assert result.json.keys() >= KEYS
    assert result.json["exit_code"] == result.exit_code
    assert result.json["ok"] is (result.exit_code == 0)


def test_check_tells_pending_from_up_to_date(chain: Project) -> None:
    pending = chain.migrate("check", "--json")
    chain.migrate("upgrade")

    current = chain.migrate("check", "--json")

    assert (pending.exit_code, pending.json["state"]) == (3, "empty")
    assert pending.json["error"]["code"] == "pending"
    assert (current.exit_code, current.json["state"]) == (0, "up_to_date")


def test_history_shows_when_each_revision_was_applied(chain: Project) -> None:
    chain.migrate("upgrade", "+2")

    result = chain.migrate("history", "--json")

    found = {item["revision"]: item for item in result.json["revisions"]}
    assert [item["revision"] for item in result.json["revisions"]] == ["three", "two", "one"]
    assert found["three"]["state"] == "pending"
    assert found["one"]["state"] == "applied"
    assert found["one"]["applied_at"].endswith("Z")
    assert found["two"]["down_revision"] == "one"


def test_plan_shows_the_sql_and_touches_nothing(chain: Project) -> None:
    result = chain.migrate("plan", "--sql")

    assert result.exit_code == 0, result.output
    assert result.stdout.index("CREATE TABLE one") < result.stdout.index("CREATE TABLE three")
    assert chain.current_revision() is None


def test_plan_names_a_revision_that_cannot_be_previewed(chain: Project) -> None:
    chain.revision("reads", "op.get_bind().execute(sa.text('select 1')).scalar_one()")

    result = chain.migrate("plan", "--sql", "--json")

    found = {item["revision"]: item for item in result.json["revisions"]}
    assert found["reads"]["sql"] is None
    assert found["reads"]["note"]
    assert "CREATE TABLE one" in found["one"]["sql"]


def test_stamp_writes_the_version_and_runs_nothing(chain: Project) -> None:
    result = chain.migrate("stamp", "two", "--json")

    assert result.exit_code == 0, result.output
    assert chain.current_revision() == "two"
    assert chain.query("select to_regclass('one')") == [(None,)]
    assert chain.last_run()["command"] == "stamp"


def test_new_revision_is_named_by_date_and_purpose(chain: Project) -> None:
    result = chain.migrate("revision", "-m", "add severity", "--json")

    assert result.exit_code == 0, result.output
    assert result.json["path"].endswith("_add_severity.py")
    assert chain.migrate("upgrade").exit_code == 0


def test_output_off_a_terminal_is_one_record_per_line(chain: Project) -> None:
    chain.migrate("upgrade")

    lines = chain.migrate("history").stdout.splitlines()

    assert len(lines) == 3
    assert all(line.count("\t") == 4 for line in lines)
    assert "\x1b" not in "".join(lines)
