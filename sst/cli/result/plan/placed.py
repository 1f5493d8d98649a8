"""Findings and rows in the way of a revision, each below the statement that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sst.hooks.contract.plan.finding import Finding
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.rehearsal.rehearsal import Probe, Rehearsal


class _HasPlace(Protocol):
    @property
    def file(self) -> str: ...

    @property
    def line(self) -> int: ...


T = TypeVar("T", bound=_HasPlace)


@dataclass(frozen=True, slots=True)
class Placed:
    """One statement with what there is to say of it; None for what is of no statement seen."""

    statement: Statement | None
    findings: tuple[Finding, ...] = ()
    probes: tuple[Probe, ...] = ()


def placed(rehearsal: Rehearsal | None, revision: str) -> Iterator[Placed]:
    """Give the statements of *revision* in order, and what is of none of them at the end.

    Several statements of one line, as of a loop, have what is said of the line below the last.
    """
    if rehearsal is None:
        return
    statements = rehearsal.statements.get(revision, ())
    findings = rehearsal.findings.get(revision, ())
    probes = rehearsal.probes.get(revision, ())
    last = {(each.file, each.line): number for number, each in enumerate(statements)}
    for number, statement in enumerate(statements):
        key = (statement.file, statement.line)
        is_last = last[key] == number
        yield Placed(
            statement,
            _at(findings, key) if is_last else (),
            _at(probes, key) if is_last else (),
        )
    rest = Placed(
        None,
        tuple(each for each in findings if (each.file, each.line) not in last),
        tuple(each for each in probes if (each.file, each.line) not in last),
    )
    if rest.findings or rest.probes:
        yield rest


def _at(items: Iterable[T], key: tuple[str, int]) -> tuple[T, ...]:
    return tuple(each for each in items if (each.file, each.line) == key)
