"""What may come of more than files, process and database is asked each time, whatever is kept."""

from __future__ import annotations

import json
import os
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy.engine import make_url

from sst.testing.project.server import connect
from tests.support.door import Door

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

TABLE = "op.create_table('{0}', sa.Column('id', sa.Integer, primary_key=True))"
CALLS = 4
"""The last of so many is told again where nothing is in doubt."""
BEGIN = """
import os, socket, subprocess, sys
from contextlib import suppress
from sst.hooks import Check, CheckResult, CheckStatus, cacheable, hookimpl

def passed(inspection):
    {body}
    return CheckResult(CheckStatus.PASS, "one")
"""
CHECK = """
@hookimpl
def register_checks():
    return [Check("mine", passed{more})]
"""
PLUGINS = {
    "check that is not cacheable": ("pass", CHECK.format(more="")),
    "program": ("subprocess.run(['true'])", CHECK.format(more=", cacheable=True")),
    "written file": (
        "open('written', 'w').close()",
        CHECK.format(more=", cacheable=True"),
    ),
    "connection": (
        "with suppress(OSError): socket.create_connection(('127.0.0.1', 1), 1)",
        CHECK.format(more=", cacheable=True"),
    ),
    "name that does not resolve": (
        "with suppress(OSError): socket.create_connection(('host.invalid', 1), 1)",
        CHECK.format(more=", cacheable=True"),
    ),
    "state of the system": ("open('/proc/loadavg').read()", CHECK.format(more=", cacheable=True")),
    "config_values": ("pass", "@hookimpl\ndef config_values(environment):\n    return {}\n"),
}

ASKING = """
import sqlalchemy as sa
with sa.create_engine(os.environ["DATABASE_URL"]).connect() as c: c.execute(sa.text("select 1"))
"""


@pytest.fixture
def door(project: Project, tmp_path: Path) -> Door:
    """Return the door of a project whose two revisions are applied."""
    for name in ("sites", "workers"):
        project.revision(name, TABLE.format(name))
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output
    return Door(project, tmp_path / "calls")


def with_env(door: Door, text: str) -> None:
    """Put *text* at the end of env.py."""
    env = door.project.root / "alembic" / "env.py"
    env.write_text(env.read_text(encoding="utf-8") + "\nimport os\n" + text, encoding="utf-8")


@pytest.mark.parametrize("name", PLUGINS)
def test_answer_of_a_plugin_that_may_differ_is_not_kept(door: Door, name: str) -> None:
    body, hooks = PLUGINS[name]
    door.project.plugin("mine", BEGIN.format(body=body) + hooks)
    door.project.enable("mine")

    told = [door.call("check") for _ in range(CALLS + 1)]

    assert [each.exit_code for each in told] == [0] * len(told), told[0]
    assert not any(each.is_kept for each in told)
    assert told[-1].doubt


@pytest.mark.parametrize(("mark", "is_kept"), [("", False), ("@cacheable", True)])
def test_hook_is_asked_each_time_unless_it_says_otherwise(
    door: Door, mark: str, *, is_kept: bool
) -> None:
    hooks = f"{mark}\n@hookimpl\ndef notify(event):\n    sys.stderr.write(event.message)\n"
    door.project.plugin("mine", BEGIN.format(body="pass") + hooks)
    door.project.enable("mine")

    told = [door.call("upgrade") for _ in range(CALLS + 2)]

    assert told[-1].is_kept == is_kept, told[-1]


def test_statement_of_env_py_is_doubted(door: Door) -> None:
    with_env(door, ASKING)

    told = [door.call("current") for _ in range(CALLS + 1)]

    assert not any(each.is_kept for each in told), told[-1]


def test_file_that_a_plugin_reads_counts(door: Door) -> None:
    """What a check has read is otherwise from the next call on."""
    marker = door.project.root / "plugins" / "data.txt"
    marker.write_text("0")
    body = "n = os.path.join(os.path.dirname(__file__), 'data.txt'); t = open(n).read()"
    source = BEGIN.format(body=body).replace('"one"', "t") + CHECK.format(more=", cacheable=True")
    door.project.plugin("mine", source)
    door.project.enable("mine")
    assert "\t0\n" in door.warm("check").stdout

    marker.write_text("1")

    told = door.call("check")
    assert "\t1\n" in told.stdout
    assert not told.is_kept


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"form": 1}',
        b" " * 40_000_000,
    ],
    ids=["empty", "cut", "list", "null", "deep", "no text", "short", "huge"],
)
def test_damaged_record_is_as_none(door: Door, content: bytes) -> None:
    door.warm("current")
    [record] = answers(door)

    record.write_bytes(content)

    told = door.call("current")
    assert (told.is_kept, told.exit_code, told.stderr) == (False, 0, "")


def test_field_that_was_changed_is_as_no_record(door: Door) -> None:
    door.warm("current")
    [record] = answers(door)
    digest, _, text = record.read_text().partition("\n")

    record.write_text(f"{digest}\n{json.dumps(json.loads(text) | {'stdout': ['x']})}")

    told = door.call("current")
    assert (told.is_kept, told.stdout) == (False, "workers (head)\n")


def test_record_that_others_could_write_is_not_believed(door: Door) -> None:
    door.warm("current")
    [record] = answers(door)
    record.chmod(0o666)

    assert not door.call("current").is_kept


def test_server_that_is_gone_is_told(door: Door) -> None:
    door.warm("current")
    gone = make_url(door.project.database_url).set(host="127.0.0.1", port=1, query={})

    told = door.call("current", DATABASE_URL=gone.render_as_string(hide_password=False))

    assert not told.is_kept
    assert told.exit_code != 0


def test_no_secret_is_in_a_record(door: Door) -> None:
    name = "kept_" + os.urandom(4).hex()
    secret = "p@ss:w/rd %41ü" + os.urandom(4).hex()
    with closing(connect(door.project.database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"create role {name} superuser login password %s", (secret,))
    url = door.project.database_url.replace("postgres@", f"{name}:{quote(secret, safe='')}@", 1)
    try:
        door.warm("current", DATABASE_URL=url)
        file = door.project.root / ".secret-url"
        file.write_text(url + "\n")
        door.warm("current", DATABASE_URL="", DATABASE_URL_FILE=str(file))
        (door.project.root / ".secrets.toml").write_text(f'[default]\ndatabase_url = "{url}"\n')
        door.warm("check", DATABASE_URL="")

        texts = [each.read_text() for each in answers(door)]
        assert len(texts) == 3
        for text in texts:
            for spelled in (
                secret,
                quote(secret, safe=""),
                quote(secret),
                json.dumps(secret)[1:-1],
            ):
                assert spelled not in text
    finally:
        with closing(connect(door.project.database_url)) as c, c.cursor() as cursor:
            c.autocommit = True
            cursor.execute(f"drop role {name}")


def answers(door: Door) -> list[Path]:
    """Return the files of what is kept."""
    return list((door.folder / "cache" / "sst-platform" / "answers").iterdir())
