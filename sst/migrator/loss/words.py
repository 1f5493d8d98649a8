"""A loss in lines for a person: what matters is named, long lists are counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sst.migrator.loss.measure import Dependent
from sst.text import counted, listed, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sst.migrator.loss.measure import Rows
    from sst.migrator.loss.plan_loss import Item, RevisionLoss

_REVISIONS = 12
_ITEMS = 16
"""Of all revisions together, as long as each has two: the question fits a screen."""
_FEWEST_ITEMS = 2
_DEPENDENTS = 5
_WITHOUT_ROWS = {"view", "foreign table"}
_TABLES = {"table", "materialized view"}
_OF_SOME = ("deletes some rows of", "changes rows of")
_INDENT = "  "


def loss_lines(losses: Sequence[RevisionLoss]) -> list[str]:
    """Return *losses* as lines: each revision, under it what it takes away, at the end the sum."""
    if not losses:
        return ["takes back no revision"]
    count = len(losses)
    lines = [f"takes back {counted(count, 'revision')}{', in this order' if count > 1 else ''}:"]
    most = max(_FEWEST_ITEMS, _ITEMS // count)
    for loss in losses[:_REVISIONS]:
        head = f"{loss.revision}  {loss.description}"
        lines += [head, *map(_indented, _of_revision(loss, most))]
    rest = losses[_REVISIONS:]
    if rest:
        lines.append(f"and {counted(len(rest), 'more revision')}, up to {rest[-1].revision}")
        unknown = sum(bool(loss.unknown) for loss in rest)
        if unknown:
            lines.append(_indented(f"what {unknown} of them drop is not known"))
    items = [item for loss in losses for item in loss.items]
    if len([each for item in items for each in _taken(item)]) > 1:
        lines.append(f"in all: {_total(items)}")
    return lines


def _of_revision(loss: RevisionLoss, most: int) -> Iterator[str]:
    # One more takes the line that would count it.
    shown = most if len(loss.items) > most + 1 else most + 1
    for item in loss.items[:shown]:
        yield from _of_item(item)
    rest = loss.items[shown:]
    if rest:
        yield f"and {len(rest)} more: {_total(rest) or _kinds(item.effect.kind for item in rest)}"
    if loss.others:
        yield f"drops {_by_kind(loss.others)} (no rows)"
    for why in loss.unknown:
        yield f"what it drops is not known: {why}"
    if not (loss.items or loss.others or loss.unknown):
        yield "drops nothing"


def _of_item(item: Item) -> Iterator[str]:
    effect, rows = item.effect, item.rows
    name = ".".join([*effect.name, *([effect.column] if effect.column else [])])
    line = f"{effect.verb} {effect.kind} {name}"
    if effect.verb in _OF_SOME and rows:
        yield f"{line}, which has {_amount(rows, '')}"
    elif rows:
        yield f"{line}: {_amount(rows, effect.column)}"
    else:
        yield line if item.last_value is None else f"{line}: its last value is {item.last_value:,}"
    if item.dependents is None:
        yield _indented("what goes with it could not be asked in time")
    elif item.dependents:
        yield from map(_indented, _of_dependents(item.dependents))


def _of_dependents(dependents: Sequence[Dependent]) -> Iterator[str]:
    with_rows = [each for each in dependents if each.kind not in _WITHOUT_ROWS]
    for each in with_rows[:_DEPENDENTS]:
        name = ".".join([*each.name, *([each.column] if each.column else [])])
        yield f"and with it {each.kind} {name}: {_amount(each.rows, each.column)}"
    rest = with_rows[_DEPENDENTS:]
    if rest:
        yield f"and with it {len(rest)} more: {_kinds(each.kind for each in rest)}"
    others = [each for each in dependents if each.kind in _WITHOUT_ROWS]
    if others:
        names = listed(".".join(each.name) for each in others)
        yield f"and with it {_kinds(each.kind for each in others)}: {names}"


def _amount(rows: Rows, column: str) -> str:
    """Return how much is there: `12,345 rows, 4.1 MB`, `about 7 rows have a value`."""
    if rows.is_missing:
        return "nothing has this name now"
    if rows.count is None:
        found = "its rows were not counted: too many, or locked"
    elif column:
        verb = "has" if rows.count == 1 else "have"
        found = f"{_rows(rows)} {verb} a value" if rows.count else "no row has a value"
    else:
        found = _rows(rows)
    return found if rows.size_bytes is None else f"{found}, {size_text(rows.size_bytes)}"


def _rows(rows: Rows) -> str:
    count = rows.count or 0
    return f"{'' if rows.is_exact else 'about '}{counted(count, 'row') if count else 'no rows'}"


def _total(items: Sequence[Item]) -> str:
    """Return the tables and columns of *items* and those that go with them, with their rows."""
    taken = [each for item in items for each in _taken(item)]
    tables = {each.name: each.rows for each in taken if each.kind in _TABLES}
    columns = {(each.name, each.column) for each in taken if each.column}
    parts = [f"{counted(len(tables), 'table')} with {_sum(tables.values())}"] if tables else []
    return ", ".join([*parts, *([counted(len(columns), "column")] if columns else [])])


def _taken(item: Item) -> Iterator[Dependent]:
    """Return *item* and what goes with it, where they have rows."""
    effect, rows = item.effect, item.rows
    yield from item.dependents or ()
    if rows and not rows.is_missing and effect.verb not in _OF_SOME:
        yield Dependent(effect.kind, effect.name, effect.column, rows)


def _sum(found: Iterable[Rows]) -> str:
    rows = [*found]
    count = sum(each.count or 0 for each in rows)
    about = "" if all(each.is_exact for each in rows) else "about "
    size = sum(each.size_bytes or 0 for each in rows)
    uncounted = sum(each.count is None for each in rows)
    more = f", {uncounted} of them not counted" if uncounted else ""
    return f"{about}{counted(count, 'row')} ({size_text(size)}){more}"


def _kinds(kinds: Iterable[str]) -> str:
    return _by_kind(Counter(kinds))


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(counted(count, kind) for kind, count in sorted(counts.items()))


def _indented(line: str) -> str:
    return _INDENT + line
