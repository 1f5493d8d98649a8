"""The SQL of a step, run by hand with psql, leaves what the step leaves: schema and rows."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.client_environment import client_environment
from plugins.embedded_postgres.binaries import find_installation
from sst.db.url import DatabaseUrl
from tests.support import foreign_envs as envs
from tests.support.dumps import dump
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.driven import Driven

_LITERALS = "literal_binds=True,"
_STYLE = 'dialect_opts={"paramstyle": "named"},'
_URL = 'url=config.get_main_option("sqlalchemy.url"),'
ENVS = {
    "named": envs.STOCK,
    "silent": envs.STOCK.replace(_STYLE, ""),
    "no literals": envs.STOCK.replace(_LITERALS, "literal_binds=False,").replace(_STYLE, ""),
    "pyformat": envs.STOCK.replace('"named"', '"pyformat"'),
    "dialect": envs.STOCK.replace(_URL, 'dialect_name="postgresql",').replace(_STYLE, ""),
    "connection": envs.STOCK.replace(
        _URL,
        'connection=__import__("sqlalchemy").create_engine('
        'config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool).connect(),',
    ).replace(_STYLE, ""),
}
_TABLE = r"""
op.create_table(
    "price",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("label", sa.Text, server_default="5% \\ 'it' : \"x\"", comment="100% \\n 'sure'"),
    sa.Column("at", sa.DateTime),
    sa.CheckConstraint("label not like '%x%' or id > 0", name="known"),
    comment="a % of b\\c",
)
op.create_check_constraint("also", "price", "label <> '%%%'")
op.execute("insert into price (id, label) values (1, '100%')")
op.execute("insert into price (id, label) values (2, E'back\\\\slash %s %(x)s')")
op.execute("insert into price (id, label) values (3, 'a\tb ''q''')")
op.execute(r"insert into price (id, label) values (4, 'time 12\:30 \:name')")
op.execute("insert into price (id) values (5)")
op.execute("create function f() returns text language sql as $$ select '%' || E'\\t' $$")
"""
_ROWS = r"""
import datetime
price = sa.table(
    "price", sa.column("id", sa.Integer), sa.column("label", sa.String),
    sa.column("at", sa.DateTime),
)
values = ["50% off", "%%", "a:b :c", "back\\slash", "it's", 'a "b"', "tab\there", "two\nlines"]
op.bulk_insert(price, [
    {"id": 10 + at, "label": each, "at": datetime.datetime(2026, 1, 2, 3, 4)}
    for at, each in enumerate(values)
])
op.execute(price.insert().values(id=30, label="50%\tmore :x"))
op.execute(price.update().where(price.c.label == "it's").values(label="5%'s"))
op.alter_column("price", "label", server_default="0%")
"""


@pytest.mark.parametrize("env", ENVS.values(), ids=ENVS)
def test_sql_does_what_the_step_does(
    env: str,
    tmp_path: Path,
    drive: Callable[..., Driven],
    database_url: str,
    make_database: Callable[[], str],
) -> None:
    by_hand = make_database()
    project = ForeignProject.create(tmp_path, env)
    project.revision("aa01", up=_TABLE).revision("bb02", "aa01", up=_ROWS)
    driven = drive(project)

    steps = driven.project.sql(driven.plan("head"), driven.url)
    driven.go("head")

    assert [each.reason for each in steps] == [None, None]
    _psql(by_hand, "\n".join(each.sql or "" for each in steps))
    assert dump(by_hand) == dump(database_url)


def _psql(url: str, text: str) -> None:
    target = DatabaseUrl(url)
    command = [find_installation().program("psql"), "-X", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    done = subprocess.run(
        [*command, f"--dbname={target.libpq_place()}"],
        env=client_environment(target),
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
