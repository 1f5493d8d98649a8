"""Whether a revision may be run from its beginning again, by what it has committed."""

from __future__ import annotations

import pytest

from sst.bridge import built_name, leaves_invalid, may_run_again


@pytest.mark.parametrize(
    ("committed", "may"),
    [
        ([], True),
        (["CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON t (n)"], True),
        (["DROP INDEX CONCURRENTLY IF EXISTS a", "REINDEX TABLE CONCURRENTLY t"], True),
        (["CREATE INDEX CONCURRENTLY a ON t (n)"], False),
        (["DROP INDEX CONCURRENTLY a"], False),
        (["update t set n = n * 2"], False),
        (["create table if not exists t (n int)"], False),
        (
            ["CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON t (n)", "insert into t values (1)"],
            False,
        ),
    ],
)
def test_only_concurrent_statements_that_may_find_their_work_done_run_again(
    committed: list[str],
    *,
    may: bool,
) -> None:
    assert may_run_again(committed) is may


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("CREATE INDEX CONCURRENTLY t_n ON t (n)", "t_n"),
        ("create unique index concurrently if not exists T_N on only s.t (n)", "t_n"),
        ('/* x */ -- y\n CREATE INDEX CONCURRENTLY "Odd ""name" ON t (n)', 'Odd "name'),
        ("create index concurrently on t (n)", None),
        ("create index t_n on t (n)", None),
        ("reindex index concurrently t_n", None),
    ],
)
def test_name_of_the_index_is_read_from_the_statement(statement: str, name: str | None) -> None:
    assert built_name(statement) == name


def test_build_leaves_an_index_and_a_drop_wants_to_find_it() -> None:
    assert leaves_invalid("create index concurrently a on t (n)")
    assert leaves_invalid("reindex table concurrently t")
    assert not leaves_invalid("drop index concurrently a")
    assert not leaves_invalid("create index a on t (n)")
