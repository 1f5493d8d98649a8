"""The SQL of a plan with what it does as comments: it stays the SQL that it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.cli.result.plan.sql_marks import marked
from sst.db.sql_tokens import statements
from sst.hooks.contract.plan.finding import Finding
from sst.migrator.rehearsal.rehearsal import Rehearsal
from tests.support.plans import FILE, NOTHING, REVISION, rows_in_the_way, statement

if TYPE_CHECKING:
    from sst.hooks.contract.plan.statement import Statement

_SQL = """BEGIN;

-- Running upgrade
ALTER TABLE worker
    ADD x integer;

insert into worker values ('a;
b'); drop table old;
COMMIT;"""


def _marked(*found: Statement, sql: str = _SQL, what: str = "it hurts") -> str:
    rehearsal = Rehearsal(
        statements={REVISION: found},
        findings={REVISION: (Finding("r", what, file=FILE, line=9),)},
        probes={REVISION: (rows_in_the_way(), rows_in_the_way(0))},
    )
    return marked(sql, rehearsal, REVISION)


def test_statement_has_its_words_above_it() -> None:
    found = _marked(
        statement("ALTER TABLE worker ADD x integer", seconds=(2.0, 9.0), scans=True),
        statement("drop table old", NOTHING, line=10),
    )

    assert found == _SQL.replace(
        "ALTER TABLE",
        "-- blocks reads and writes of worker, scans (1,000 rows), 2-9 s, inferred\n"
        "-- would fail: 3 rows of worker repeat another row in full_name\n"
        "-- error r: it hurts\n"
        "ALTER TABLE",
    ).replace("b'); drop", "b'); \n-- blocks nothing\ndrop")


def test_statements_are_the_same_with_the_comments() -> None:
    """Whatever the texts hold: a line's end of any kind would end a comment."""
    evil = "x\ndrop table a;\rdrop table b;\u2028drop table c;\x0bdrop table d;\x85drop table e;"

    found = _marked(statement("ALTER TABLE worker ADD x integer"), what=evil)

    assert "drop table e;" in found
    assert list(statements(found)) == list(statements(_SQL))
    assert sum(line.startswith("-- error r: x drop table a;") for line in found.split("\n")) == 1
    assert not any(ch in found for ch in "\r\u2028\x0b\x85")


def test_other_text_gets_no_comment() -> None:
    """The preview has a value in it, or another statement: nothing is said of it."""
    found = _marked(
        statement("ALTER TABLE worker ADD y integer"),
        statement("insert into worker values (%(a)s)", line=10),
    )

    assert found == _SQL


def test_order_decides_between_equal_statements() -> None:
    one = statement("select 1", NOTHING, line=1)
    two = statement("select 1", line=2)

    found = marked("select 1;\nselect 1;", Rehearsal(statements={REVISION: (one, two)}), REVISION)

    assert found == (
        "-- blocks nothing\nselect 1;\n-- blocks reads and writes of worker\nselect 1;"
    )


def test_plan_that_was_not_rehearsed_is_as_it_was() -> None:
    assert marked(_SQL, Rehearsal(why_not="no CREATEDB"), REVISION) == _SQL
    assert marked(_SQL, None, REVISION) == _SQL
