"""No new column keeps money in a type that rounds it."""

from __future__ import annotations

from sst.hooks import ChangeKind, Finding, Statement, hookimpl

ROUNDS = ("real", "double precision", "money")


@hookimpl
def judge(statement: Statement) -> list[Finding]:
    """Return a finding for each column of such a type that *statement* adds."""
    return [
        Finding("money-is-numeric", f"{each.name} is {each.definition}", "sa.Numeric(12, 2)")
        for each in statement.changes
        if each.kind is ChangeKind.ADD_COLUMN and each.definition in ROUNDS
    ]
