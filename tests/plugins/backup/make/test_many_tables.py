"""Ten thousand tables: more locks than a server has room for by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.db.url import DatabaseUrl

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
    name = DatabaseUrl(kept.database_url).name
    created = kept.start("backup", "create").finish(300)
    kept.query("drop table t0; delete from t1")

    restored = kept.start("restore", "latest", "--drop-old", "--confirm", name).finish(300)

    assert created.exit_code == 0, created.output
    assert restored.exit_code == 0, restored.output
    count = "select count(*) from pg_class where relname ~ '^t[0-9]+$'"
    assert kept.query(count) == [(MANY,)]
    assert kept.query("select n from t1 union all select n from t9999") == [(1,), (9999,)]
