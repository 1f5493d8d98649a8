"""What was there before the plan, and what a statement did to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.hooks.contract.plan.lock_modes import MODES, NOTHING, blocked_by, strongest
from sst.hooks.contract.plan.statement import Change, Lock
from sst.migrator.rehearsal.observed.catalogue import relations
from sst.migrator.rehearsal.observed.changes import defined, drafts, without_repeats
from sst.migrator.rehearsal.observed.tables import definitions, table_of, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine import Connection

    from sst.migrator.rehearsal.observed.catalogue import Relation, Touched
    from sst.migrator.rehearsal.observed.changes import Draft
    from sst.migrator.rehearsal.observed.tables import Table

_WRITES_ROWS = "RowExclusiveLock"
_CHANGES = MODES[MODES.index("ShareUpdateExclusiveLock") :]
"""No change of a table goes without one of these."""


class Known:
    """The relations that were there before the plan: names, files, and the shapes of tables."""

    def __init__(self, connection: Connection) -> None:
        self.relations: Mapping[int, Relation] = relations(connection)
        self._filenodes = _filenodes(self.relations)
        self._first = tables(connection)
        self._now = dict(self._first)

    def locks(
        self, before: Mapping[int, frozenset[str]], now: Mapping[int, frozenset[str]]
    ) -> tuple[Lock, ...]:
        """Return the strongest lock on each relation that got one, or where one stops others."""
        found = []
        for number, modes in now.items():
            earlier, mode = before.get(number, frozenset()), strongest(modes)
            is_new = bool(modes - earlier)
            if number in self.relations and (is_new or blocked_by(mode) != NOTHING):
                known = self.relations[number]
                found.append(
                    Lock(
                        known.name,
                        mode,
                        is_held=mode in earlier,
                        is_index=known.is_index,
                        is_sequence=known.is_sequence,
                    )
                )
        return tuple(sorted(found, key=lambda lock: lock.relation))

    def written(
        self, before: Mapping[int, frozenset[str]], now: Mapping[int, frozenset[str]]
    ) -> tuple[str, ...]:
        """Return the tables whose rows are written, by a lock that was not there before."""
        return self.names(
            number
            for number, modes in now.items()
            if number in self._first and _WRITES_ROWS in modes - before.get(number, frozenset())
        )

    def rewritten(self, now: Mapping[int, Touched]) -> tuple[str, ...]:
        """Return what has another file than before; remember the new one.

        A sequence is one row, and ALTER SEQUENCE no work.
        """
        anew = [number for number, each in now.items() if self._is_anew(number, each)]
        kinds = {each: self.relations[each].kind for each in anew if each in self.relations}
        return self.names(number for number, kind in kinds.items() if kind != "S")

    def names(self, numbers: Iterable[int], *, tables_only: bool = False) -> tuple[str, ...]:
        """Return the names of *numbers*, as far as they were there before the plan."""
        known = (self.relations[number] for number in numbers if number in self.relations)
        return tuple(sorted(each.name for each in known if not (tables_only and each.is_index)))

    def named(self, words: set[str], locked: Iterable[int]) -> tuple[str, ...]:
        """Return the tables of *locked* whose name without its schema is one of *words*."""
        known = (self.relations[each] for each in locked if each in self.relations)
        return tuple(sorted(each.name for each in known if each.is_stored and each.bare in words))

    def changes(
        self,
        connection: Connection,
        locked: Mapping[int, frozenset[str]] | None,
        *,
        is_open: bool,
    ) -> tuple[Change, ...]:
        """Return what a statement did to the tables that are *locked*; None where nobody knows.

        *is_open* says whether *connection* is in a transaction.
        """
        numbers = set(self._first)
        if locked is not None:
            strong = {each for each, modes in locked.items() if not modes.isdisjoint(_CHANGES)}
            numbers &= strong
        if not numbers:
            return ()
        now = tables(connection, None if locked is None else numbers)
        shapes, found = self._drafts(numbers, now)
        self._now.update({number: now.get(number, "") for number in numbers})
        plain = without_repeats(found, shapes)
        keys = [key for _, key in plain if key]
        return defined(plain, definitions(connection, keys, is_open=is_open) if keys else {})

    def forget_changes(self, connection: Connection) -> None:
        """Take tables and files as they are now: something was rolled back."""
        self._filenodes = _filenodes(relations(connection))
        now = tables(connection)
        self._now = {number: now.get(number, "") for number in self._first}

    def _drafts(
        self, numbers: Iterable[int], now: Mapping[int, str]
    ) -> tuple[dict[int, Table], dict[int, list[Draft]]]:
        """Return the shapes of what was changed, and how."""
        shapes, found = {}, {}
        for number in numbers:
            before, after = self._now[number], now.get(number, "")
            if not before or before == after:
                continue
            first, old = table_of(self._first[number]), table_of(before)
            shapes[number] = old
            found[number] = list(drafts(number, first, old, table_of(after) if after else None))
        return shapes, found

    def _is_anew(self, number: int, now: Touched) -> bool:
        before = self._filenodes.get(number, 0)
        if not before or not now.filenode or before == now.filenode:
            return False
        self._filenodes[number] = now.filenode
        return True


def _filenodes(found: Mapping[int, Relation]) -> dict[int, int]:
    return {number: each.filenode for number, each in found.items()}
