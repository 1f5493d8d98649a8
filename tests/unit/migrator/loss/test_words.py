"""A loss in lines: what matters is named, long lists are counted."""

from __future__ import annotations

from sst.migrator.loss.effect import Effect
from sst.migrator.loss.measure import Dependent, Rows
from sst.migrator.loss.plan_loss import Item, RevisionLoss
from sst.migrator.loss.words import loss_lines


def table(name: str, count: int | None = 10, *, is_exact: bool = True) -> Item:
    """Return a table that is dropped."""
    rows = Rows(count, is_exact=is_exact, size_bytes=1000)
    return Item(Effect("drops", "table", (name,)), rows)


def test_nothing_that_is_taken_back_is_said_in_one_line() -> None:
    assert loss_lines(()) == ["takes back no revision"]


def test_revision_that_drops_nothing_says_so() -> None:
    assert loss_lines([RevisionLoss("a1", "one")]) == [
        *("takes back 1 revision:", "a1  one", "  drops nothing")
    ]


def test_estimates_and_tables_that_were_not_counted_are_told_apart() -> None:
    items = (table("a", 12_345), table("b", 7_000, is_exact=False), table("c", None))

    lines = loss_lines([RevisionLoss("a1", "one", items)])

    assert lines[2:] == [
        "  drops table a: 12,345 rows, 1.0 kB",
        "  drops table b: about 7,000 rows, 1.0 kB",
        "  drops table c: its rows were not counted: too many, or locked, 1.0 kB",
        "in all: 3 tables with about 19,345 rows (3.0 kB), 1 of them not counted",
    ]


def test_many_tables_of_one_revision_are_counted() -> None:
    items = tuple(table(f"t{number}") for number in range(500))

    lines = loss_lines([RevisionLoss("a1", "one", items)])

    assert len(lines) == 20
    assert lines[-2] == "  and 484 more: 484 tables with 4,840 rows (484.0 kB)"
    assert lines[-1] == "in all: 500 tables with 5,000 rows (500.0 kB)"


def test_many_revisions_are_counted_and_their_tables_are_in_the_sum() -> None:
    losses = [RevisionLoss(f"r{number}", "x", (table(f"t{number}"),)) for number in range(200)]
    losses[150] = RevisionLoss("r150", "x", unknown=("a DO block runs statements of its own",))

    lines = loss_lines(losses)

    assert lines[0] == "takes back 200 revisions, in this order:"
    assert lines[-3:] == [
        "and 188 more revisions, up to r199",
        "  what 1 of them drop is not known",
        "in all: 199 tables with 1,990 rows (199.0 kB)",
    ]
    assert len(lines) < 30


def test_what_goes_with_a_table_is_counted_in_the_sum_and_in_long_lists() -> None:
    dependents = tuple(
        Dependent("table", ("s", f"d{number}"), "", Rows(1, size_bytes=10)) for number in range(9)
    )
    schema = Item(Effect("drops", "schema", ("s",), cascade=True), None, dependents)

    lines = loss_lines([RevisionLoss("a1", "one", (schema,), {"index": 2, "policy": 1})])

    assert lines[2:4] == ["  drops schema s", "    and with it table s.d0: 1 row, 10 B"]
    assert lines[8:] == [
        "    and with it 4 more: 4 tables",
        "  drops 2 indexes, 1 policy (no rows)",
        "in all: 9 tables with 9 rows (90 B)",
    ]
