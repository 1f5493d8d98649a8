"""The rules of plugins, asked for each statement of a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sst.hooks.contract.plan.finding import Finding
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.values.context import Context


def judged(
    context: Context, found: Mapping[str, tuple[Statement, ...]]
) -> dict[str, tuple[Finding, ...]]:
    """Return the findings on *found*, the statements by revision, by revision."""
    if not context.plugins.implement("judge"):
        return {}
    return {revision: tuple(_findings(context, each)) for revision, each in found.items()}


def _findings(context: Context, statements: Iterable[Statement]) -> Iterator[Finding]:
    for statement in _linked(statements):
        for given in context.plugins.collect("judge", statement=statement):
            finding: Finding = given.value
            yield replace(finding, file=statement.file, line=statement.line)


def _linked(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Give *statements*, each with the one before it in its transaction."""
    previous: Statement | None = None
    for each in statements:
        is_same = previous is not None and previous.transaction == each.transaction
        previous = replace(each, previous=previous if is_same else None)
        yield previous
