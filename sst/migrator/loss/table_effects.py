"""The effects of ALTER: columns that are dropped or have another type, and new names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.loss.effect import Effect, Rename, Unknown
from sst.migrator.loss.reading import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.migrator.loss.effect import Found
    from sst.migrator.loss.reading import Name, Reading

_TABLES = (("foreign", "table"), ("materialized", "view"), ("table",), ("view",), ("sequence",))


def alter(reading: Reading) -> Iterator[Found]:
    """Return what an ALTER takes away."""
    reading.take("alter")
    if any(reading.take(*words) for words in _TABLES):
        yield from _alter_table(reading)
    elif reading.take("type"):
        yield from _alter_type(reading)
    elif reading.take("schema"):
        name = reading.name()
        if reading.take("rename"):
            old = ".".join(name)
            yield Unknown(f"it gives the schema {old} another name, and what is in it with it")


def _alter_table(reading: Reading) -> Iterator[Found]:
    reading.take("if", "exists")
    reading.take("only")
    table = reading.name()
    reading.take_sign("*")
    for part in parts(reading.rest):
        yield from _action(part, table)


def _action(part: Reading, table: Name) -> Iterator[Found]:
    """Return what one of the actions of ALTER TABLE takes away."""
    if part.take("drop"):
        yield from _drop(part, table)
    elif part.take("rename"):
        yield from _rename(part, table)
    elif part.take("set", "schema"):
        yield Rename(table, (*part.name(), *table[-1:]))
    elif part.take("alter"):
        part.take("column")
        column = part.name()
        if column and (part.take("type") or part.take("set", "data", "type")):
            yield Effect("changes the type of", "column", table, column[-1])


def _drop(reading: Reading, table: Name) -> Iterator[Found]:
    if reading.take("constraint"):
        reading.take("if", "exists")
        yield Effect(
            "drops", "constraint", (*table, *reading.name()), cascade=reading.has("cascade")
        )
        return
    reading.take("column")
    reading.take("if", "exists")
    column = reading.name()
    if column:
        yield Effect("drops", "column", table, column[-1], cascade=reading.has("cascade"))


def _rename(reading: Reading, table: Name) -> Iterator[Found]:
    if reading.take("to"):
        yield Rename(table, (*table[:-1], *reading.name()))
        return
    if reading.take("constraint"):
        return
    reading.take("column")
    old, _, new = reading.name(), reading.take("to"), reading.name()
    if old and new:
        yield Rename(table, table, old[-1], new[-1])


def _alter_type(reading: Reading) -> Iterator[Found]:
    name = reading.name()
    for part in parts(reading.rest):
        if part.take("drop", "attribute"):
            part.take("if", "exists")
            attribute = part.name() or ("",)
            yield Effect("drops", "attribute", name, attribute[-1], cascade=part.has("cascade"))
