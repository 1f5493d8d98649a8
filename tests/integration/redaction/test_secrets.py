"""A canary password appears nowhere: not in output, errors, logs, or the record."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING

import pyrage
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project


CANARY = "kanari3n-p@ss:w/rd#1"
SPELLED = "kanari3n-p%40ss%3Aw%2Frd%231"

ARGUMENTS = [
    ["check"],
    ["check", "--json"],
    ["current"],
    ["history", "--json"],
    ["plan", "--sql"],
    ["upgrade", "--json"],
    ["upgrade", "--debug"],
    ["upgrade", "nope", "--debug"],
    ["downgrade", "-1", "--debug"],
    ["stamp", "head", "--json"],
    ["plugins", "list", "--json"],
    ["config", "show", "--sources"],
    ["config", "show", "--json"],
    ["config", "check"],
    ["config", "explain", "DATABASE_URL"],
    ["config", "diff", "development", "production"],
]


@pytest.fixture
def guarded(project: Project) -> Project:
    """Make a project whose URL carries a canary; trust authentication takes any password."""
    project.revision(
        "one", "op.create_table('one', sa.Column('id', sa.Integer))", "op.drop_table('one')"
    )
    user, rest = project.database_url.split("://")[1].split("@", 1)
    name = user.split(":")[0]
    project.environment["DATABASE_URL"] = f"postgresql://{name}:{SPELLED}@{rest}"
    project.environment["LOG_LEVEL"] = "DEBUG"
    project.enable("backup", "health_check", "notify")
    return project


def holds_canary(text: str) -> bool:
    """Say whether *text* has the password in any spelling."""
    return any(secret in text for secret in (CANARY, SPELLED, "kanari3n"))


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_no_command_prints_the_password(guarded: Project, arguments: list[str]) -> None:
    result = guarded.migrate(*arguments)

    assert not holds_canary(result.output)


@pytest.mark.parametrize(
    "failure",
    [
        "op.execute('select 1/0')",
        "raise ValueError(str(op.get_bind().engine.url.render_as_string(False)))",
    ],
)
def test_failing_run_keeps_the_password_out_of_output_and_record(
    guarded: Project, failure: str
) -> None:
    guarded.revision("two", failure)

    result = guarded.migrate("upgrade", "--debug")

    ledger = guarded.query(
        "select r::text || coalesce(s::text, '') from migrator.run r "
        "left join migrator.step s on s.run_id = r.id"
    )
    assert result.exit_code == 1, result.output
    assert not holds_canary(result.output)
    assert not holds_canary(str(ledger))


def test_files_that_a_run_leaves_hold_no_password(guarded: Project) -> None:
    guarded.migrate("upgrade")

    written = [path for path in (guarded.root / "backups").rglob("*") if path.is_file()]
    assert written
    assert not any(holds_canary(path.read_bytes().decode("latin-1")) for path in written)


@pytest.mark.parametrize("form", ["text", "json"])
def test_password_that_a_plugin_resolves_is_no_log_line_either(
    guarded: Project, form: str
) -> None:
    """It is in no setting: the log learns it when the URL is resolved."""
    guarded.plugin(
        "iam",
        """
        import logging
        import os
        from sst.hooks import hookimpl

        @hookimpl
        def resolve_database_url(url):
            return url.replace(os.environ["SPELLED"], "another-kanari3n")

        @hookimpl
        def pre_migrate(run):
            logging.getLogger("sst.iam").warning("the token is %s", "another-kanari3n")
        """,
    )
    guarded.enable("iam")

    result = guarded.migrate("upgrade", LOG_FORMAT=form, SPELLED=SPELLED)

    assert "the token is ********" in result.stderr
    assert not holds_canary(result.output)


def test_unreachable_server_keeps_the_password_out(guarded: Project) -> None:
    url = f"postgresql://u:{SPELLED}@127.0.0.1:1/x"

    result = guarded.migrate("upgrade", "--debug", DATABASE_URL=url)

    assert result.exit_code == 75
    assert not holds_canary(result.output)


def test_secrets_of_backups_come_from_files_and_variables_and_are_never_shown(
    project: Project, tmp_path: Path
) -> None:
    """Each in the spelling of the manual; what reads them says that they were understood."""
    me = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(f"# kanari3n\n{me}\n")
    (tmp_path / "url").write_text(f"postgresql://u:{SPELLED}@127.0.0.1:1/x\n")
    project.enable("backup")
    project.environment |= {
        "PLUGINS__BACKUP__RECIPIENTS": json.dumps([str(me.to_public())]),
        "PLUGINS__BACKUP__IDENTITY_FILE": str(tmp_path / "identity"),
        "PLUGINS__BACKUP__VERIFY_DATABASE_URL_FILE": str(tmp_path / "url"),
        "PLUGINS__BACKUP__VERIFY": "restore",
        "PLUGINS__BACKUP__UPLOAD_TO": f"ftp://u:{SPELLED}@127.0.0.1:1/x",
        "PLUGINS__BACKUP__UPLOAD_OPTIONS": json.dumps({"password": CANARY, "acct": "kanari3n"}),
        "LOG_LEVEL": "DEBUG",
    }

    shown = [
        project.migrate(*words.split())
        for words in (
            "config show --json",
            "config explain plugins.backup.identity",
            "config explain plugins.backup.upload_to",
            "config schema",
            "plugins show backup --json",
            "backup list --json",
            "backup create --debug",
        )
    ]

    assert [one.exit_code for one in shown] == [0, 0, 0, 0, 0, 0, 5]
    assert not [n for n, one in enumerate(shown) if holds_canary(one.output)]
    assert not [n for n, one in enumerate(shown) if str(me)[20:40] in one.output]
    assert "recipients" in shown[3].output


LEAK = 'RuntimeError("cannot reach " + os.environ["DATABASE_URL"])'
SPEAKERS = {
    "import": f"raise {LEAK}",
    "exit": 'raise SystemExit("cannot reach " + os.environ["DATABASE_URL"])',
    "chain": f"""
        try:
            raise {LEAK}
        except RuntimeError as error:
            error.add_note("noted " + os.environ["DATABASE_URL"])
            raise ExceptionGroup("cannot reach " + os.environ["PGPASSWORD"], [error]) from error
    """,
    "syntax": 'exec(compile("(" + repr(os.environ["DATABASE_URL"]), "speaker", "exec"))',
    "constructor": f"""
        class Plugin:
            def __init__(self):
                raise {LEAK}
            @hookimpl
            def pre_migrate(self, run): pass
    """,
    "validation": f"""
        from pydantic import BaseModel, model_validator
        class Config(BaseModel):
            @model_validator(mode="after")
            def refuse(self):
                raise ValueError(str({LEAK}) + os.environ["PGPASSWORD"])
        class Plugin:
            def __init__(self, config): pass
            @hookimpl
            def pre_migrate(self, run): pass
    """,
    "values": f"""
        @hookimpl
        def config_values(environment, wanted):
            raise {LEAK}
    """,
    "commands": f"""
        @hookimpl
        def register_commands():
            raise {LEAK}
    """,
    "migrations": f"""
        @hookimpl
        def register_migrations():
            raise {LEAK}
    """,
    "url": f"""
        @hookimpl
        def resolve_database_url(url):
            print(url, file=sys.stderr)
            raise {LEAK}
    """,
    "prints": """
        print(os.environ["DATABASE_URL"], os.environ["PGPASSWORD"])
        sys.stderr.write(os.environ["DATABASE_URL"])
        warnings.warn(os.environ["DATABASE_URL"])
        logging.getLogger("speaker").warning("at %s", os.environ["DATABASE_URL"])
        @hookimpl
        def pre_migrate(run): pass
    """,
}
_HEAD = "import logging, os, sys, warnings\nfrom sst.hooks import hookimpl\n"


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_plugin_that_quotes_the_url_is_masked_in_every_command(
    guarded: Project, speaker: str
) -> None:
    """Some of them run before the settings are loaded, and would never get there."""
    guarded.plugin("speaker", _HEAD + dedent(SPEAKERS[speaker]))
    guarded.enable("speaker")

    shown = [
        guarded.migrate(*words.split(), PGPASSWORD=CANARY)
        for words in (
            "config check --json --debug",
            "plugins doctor",
            "plugins show speaker --json",
            "plugins hooks",
            "upgrade --debug",
            "nonsense --help",
        )
    ]

    assert not [one.output for one in shown if holds_canary(one.output)]


@pytest.mark.parametrize("source", ["secrets", "file"])
def test_secret_of_a_plugin_that_cannot_be_imported_is_masked(
    guarded: Project, source: str
) -> None:
    """Nobody knows its settings, so what the secrets file says to it is one."""
    path = guarded.root / ".secrets.toml"
    path.write_text(
        f"[default.plugins.speaker]\nkey = {CANARY!r}\n" if source == "secrets" else ""
    )
    path.chmod(0o600)
    (guarded.root / "key").write_text(CANARY)
    given = {"PLUGINS__SPEAKER__KEY_FILE": "key"} if source == "file" else {}
    guarded.plugin("speaker", f"raise RuntimeError('no answer for {CANARY}')")
    guarded.enable("speaker")

    shown = [guarded.migrate(*words.split(), **given) for words in ("config check", "upgrade")]

    assert [one.exit_code for one in shown] == [2, 2]
    assert all("no answer for ********" in one.output for one in shown)
    assert not [one.output for one in shown if holds_canary(one.output)]


def test_statement_with_the_url_in_it_is_on_record_without_the_password(guarded: Project) -> None:
    """A percent sign is `%25` in the URL and `%%25` for psycopg2."""
    user, rest = guarded.database_url.split("://")[1].split("@", 1)
    url = f"postgresql://{user.split(':')[0]}:kanari3n%2541%25b@{rest}"
    guarded.environment["DATABASE_URL"] = url
    guarded.revision(
        "two",
        """
        import sys
        print(os.environ["DATABASE_URL"])
        sys.stderr.write(os.environ["DATABASE_URL"].replace("%", "%%"))
        url = os.environ["DATABASE_URL"].replace("%", "%%")
        op.get_bind().exec_driver_sql("select 1/0 as one, '" + url + "'")
        """,
    )

    result = guarded.migrate("upgrade", "--debug")

    assert result.exit_code == 1, result.output
    [error] = guarded.query("select error from migrator.run")[0]
    assert error["statement"] == "select ?/? as one, ?"
    assert not holds_canary(f"{result.output} {error}")
    assert "41%" not in f"{result.output} {error}"


def test_one_letter_password_spoils_no_message(guarded: Project) -> None:
    user, rest = guarded.database_url.split("://")[1].split("@", 1)
    guarded.environment["DATABASE_URL"] = f"postgresql://{user.split(':')[0]}:x@{rest}"
    guarded.revision("two", "raise ValueError('could not execute it', op.get_bind().engine.url)")

    result = guarded.migrate("upgrade", "--json")

    assert "could not execute it" in result.json["error"]["message"]
    assert ":x@" not in result.output
