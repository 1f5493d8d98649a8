"""Ten thousand tables: more locks than a server has room for by default, were they taken singly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import Project

MANY = 10_000


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_tables_come_back(kept: Project) -> None:
    for first in range(0, MANY, 500):
        kept.query(f"""
            do $$ begin for i in {first} .. {first + 499} loop
                execute format('create table t%s as select %s as n', i, i);
            end loop; end $$
        """)
    created = kept.migrate("backup", "create", "--json")
    kept.query("drop table t0; delete from t1")

    restored = kept.migrate("restore", "latest", "--drop-old", "--json")

    assert created.exit_code == 0, created.output
    assert restored.exit_code == 0, restored.output
    count = "select count(*) from pg_class where relname ~ '^t[0-9]+$'"
    assert kept.query(count) == [(MANY,)]
    assert kept.query("select n from t1 union all select n from t9999") == [(1,), (9999,)]
