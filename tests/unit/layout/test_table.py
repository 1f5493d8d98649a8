"""Rows on a terminal: whole fields beside each other or below, whole words, nothing lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sst.layout.cells import columns_of
from sst.layout.table import laid_out

WORDS = st.text(st.sampled_from("ab-/:,é日🙂"), min_size=1, max_size=30)
COMMANDS = st.lists(st.sampled_from(["sst", "repair", "--yes"]), min_size=1, max_size=4).map(
    lambda words: f"`{' '.join(words)}`"
)
FIELDS = st.lists(WORDS | COMMANDS, max_size=12).map(" ".join)
ROWS = st.integers(1, 9).flatmap(
    lambda count: st.lists(st.lists(FIELDS, min_size=count, max_size=count), max_size=6)
)
URL = "postgresql://deploy@db.internal.example.com:5432/shop?sslmode=verify-full&target=primary"
ID = "0123456789abcdef" * 4


@given(rows=ROWS, width=st.integers(1, 200))
@example(rows=[[URL, ID, "why it is so", ""]], width=80)
def test_only_a_word_that_is_longer_makes_a_longer_line(rows: list[list[str]], width: int) -> None:
    for line in laid_out(rows, width):
        assert columns_of(line) <= width or len(line.split()) == 1
        assert columns_of(line) <= width or line == line.strip()


@given(rows=ROWS, width=st.integers(1, 200))
@example(rows=[[URL, ID, "why it is so", ""]], width=40)
def test_every_word_is_there_whole_and_in_its_order(rows: list[list[str]], width: int) -> None:
    words = [word for row in rows for field in row for word in field.split()]

    assert " ".join(laid_out(rows, width)).split() == words


@given(rows=ROWS)
def test_rows_that_fit_have_one_line_each(rows: list[list[str]]) -> None:
    lines = laid_out(rows, 10_000)

    assert len(lines) == len(rows)


def test_columns_are_aligned_whatever_the_characters_are() -> None:
    rows = [
        ("首頁", "one"),
        ("e\u0301te\u0301", "two"),
        ("👩\u200d🚀🇵🇪", "three"),
        ("plain", "four"),
    ]

    lines = laid_out(rows, 80)

    starts = {
        columns_of(line[: line.index(row[1])]) for line, row in zip(lines, rows, strict=True)
    }
    assert starts == {len("plain") + 2}


def test_long_description_goes_on_below_itself() -> None:
    rows = [
        ("20261124", "pending", "add the index of incidents by site and day, " * 2),
        ("20261122", "applied", "sites"),
    ]

    assert laid_out(rows, 60) == [
        "20261124  pending  add the index of incidents by site and",
        "                   day, add the index of incidents by site",
        "                   and day,",
        "20261122  applied  sites",
    ]


def test_one_long_field_does_not_push_the_others_of_its_column() -> None:
    short = [(name, "on", "default") for name in ("debug", "sql_echo", "log_level", "pool")]
    long = ("plugins.backup.storage_options", "a-value-of-forty-characters-in-one-word", "default")

    lines = laid_out([*short, long], 60)

    assert lines[:4] == [f"{name:<9}  on  default" for name, *_ in short]
    assert lines[4:] == [long[0], f"           {long[1]}", "               default"]


def test_records_too_wide_for_a_line_have_one_shape() -> None:
    row = ("20261126T120000Z-abcdef", "2026-11-26T12:00:00Z", "upgrade head", "failed", "1.20 s")
    more = ("deploy@worker-17.example", "a1b2 -> c3d4", "relation sites does not exist")

    assert laid_out([(*row, *more)] * 2, 80) == 2 * [
        "20261126T120000Z-abcdef  2026-11-26T12:00:00Z  upgrade head  failed  1.20 s",
        "    deploy@worker-17.example  a1b2 -> c3d4  relation sites does not exist",
    ]


def test_url_that_is_longer_than_the_line_is_alone_and_whole() -> None:
    rows = [("environment", "production"), ("database", URL), ("state", "empty")]

    assert laid_out(rows, 60) == [
        "environment  production",
        "database",
        URL,
        "state        empty",
    ]


def test_id_that_fits_a_line_only_without_its_indent_is_not_longer_than_the_line() -> None:
    assert laid_out([("sha256 of the archive", ID)], 66) == [
        "sha256 of the archive",
        f"  {ID}",
    ]


def test_command_in_backticks_is_not_broken_where_it_fits_a_line() -> None:
    remedy = "run `python migrate.py stamp 20261124_2050 --purge --confirm shop` and look again"

    lines = laid_out([("repair", "code", "the_subject_of_it", "what is wrong", remedy)], 72)

    assert "    run `python migrate.py stamp 20261124_2050 --purge --confirm shop`" in lines


def test_field_of_several_lines_keeps_them() -> None:
    assert laid_out([("sql", "SELECT 1;\n  SELECT 2;")], 80) == [
        "sql  SELECT 1;",
        "       SELECT 2;",
    ]


def test_rows_of_another_length_are_a_table_of_their_own() -> None:
    lines = laid_out([("a", "b"), ("a-long-first-field", "b", "c"), ("x", "y", "z")], 80)

    assert lines == ["a  b", "a-long-first-field  b  c", "x                   y  z"]
