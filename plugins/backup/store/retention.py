"""Which backups may go: those that no rule keeps, of one subject on one server.

A backup stays when any rule wants it. Whatever the rules say, the newest verified one stays, and
so does the backup of a run that has not succeeded since. Without a rule nothing goes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sst.hooks import Veto

from ..manifest.origin import read_origin, unknown_to_retention
from ..manifest.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ..archive.source import BackupTarget
    from ..manifest.manifest import Manifest
    from .listing import Stored
    from .settings import StorageSettings
    from .storage import Storage

_log = logging.getLogger("sst.plugins.backup")


@dataclass(frozen=True, slots=True)
class Rules:
    """How many backups are kept; None is no rule."""

    keep_last: int | None = None
    """The newest ones, this many."""
    keep_days: int | None = None
    """Those younger than this many times 24 hours."""
    keep_monthly: int | None = None
    """The newest one of each of the last so many months (in UTC) that have any."""

    @classmethod
    def of(cls, settings: StorageSettings) -> Rules:
        """Return the rules that *settings* set."""
        return cls(settings.keep_last, settings.keep_days, settings.keep_monthly)

    @property
    def are_set(self) -> bool:
        """Say whether there is any rule: without one, nothing is ever pruned."""
        return any(
            rule is not None for rule in (self.keep_last, self.keep_days, self.keep_monthly)
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """The backups of one subject, environment and server; no other is ever looked at."""

    subject: Subject
    environment: str
    system_identifier: str | None = None

    def holds(self, stored: Stored) -> bool:
        """Say whether *stored* is one of them."""
        return (
            self._matches(stored) and stored.manifest.system_identifier == self.system_identifier
        )

    def may_hold(self, stored: Stored) -> bool:
        """Say whether *stored* may be one of them: it names no server."""
        return self._matches(stored) and stored.manifest.system_identifier is None

    def _matches(self, stored: Stored) -> bool:
        manifest: Manifest = stored.manifest
        return (manifest.subject, manifest.environment) == (self.subject, self.environment)


@dataclass(frozen=True, slots=True)
class Pruned:
    """The outcome for the backups that could go."""

    removed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """A line for each that is still there, and why."""


def to_prune(
    stored: Sequence[Stored],
    now: datetime,
    rules: Rules,
    needed: Collection[str],
    scope: Scope,
) -> tuple[Stored, ...]:
    """Return those of *stored* in *scope* that may go, oldest first."""
    if not rules.are_set:
        return ()
    mine = sorted(
        (one for one in stored if scope.holds(one)), key=lambda one: (one.made_at, one.id)
    )
    kept = {one.id for one in _kept(mine[::-1], now, rules)} | set(needed)
    return tuple(one for one in mine if one.id not in kept)


def unplaced(stored: Sequence[Stored], scope: Scope) -> tuple[str, ...]:
    """Return a line on those of *stored* that may be in *scope*, but name no server."""
    ids = [one.id for one in stored if scope.may_hold(one)]
    if not ids:
        return ()
    if len(ids) == 1:
        what = f"the backup {ids[0]} names no server, so no rule removes it"
        return (f"{what}: delete its folder when nobody needs it",)
    what = f"{len(ids)} backups name no server, so no rule removes them"
    return (f"{what} (the newest is {ids[0]}): delete their folders when nobody needs them",)


def prune(
    storage: Storage,
    rules: Rules,
    needed: Collection[str],
    scope: Scope,
    now: datetime | None = None,
    *,
    is_dry: bool = False,
) -> Pruned:
    """Delete what may go, everywhere; one that cannot be deleted does not stop the others.

    When *is_dry*, return what would go, and delete nothing.
    """
    if not rules.are_set:
        return Pruned()
    listing = storage.list()
    if listing.unreachable:
        # The backups there decide which ones may go here.
        return Pruned(failed=(f"nothing was pruned: {listing.unreachable}",))
    gone = to_prune(listing, now or datetime.now(UTC), rules, needed, scope)
    return Pruned(tuple(one.id for one in gone)) if is_dry else _delete(storage, gone)


def _delete(storage: Storage, gone: Sequence[Stored]) -> Pruned:
    removed, failed = [], []
    for one in gone:
        try:
            storage.delete(one)
        except (Veto, OSError) as error:
            failed.append(f"{one.id}: {error}")
        else:
            removed.append(one.id)
    return Pruned(tuple(removed), tuple(failed))


def prune_beside(
    settings: StorageSettings, storage: Storage, target: BackupTarget, mine: Collection[str]
) -> None:
    """Prune beside the run or the work of *target*, whose outcome it does not change.

    *mine* are backups that the ledger does not know of yet. The outcome is logged; while the
    database does not answer, nothing goes.
    """
    rules = Rules.of(settings)
    if not rules.are_set:
        return
    try:
        with target.inspect() as inspection:
            [(database,)] = inspection.fetch("SELECT current_database()")
            needed = inspection.needed_backups | set(mine)
            origin = read_origin(inspection.fetch, target.database_url)
        subject = replace(Subject.of(target.database_url), database=str(database))
        scope = Scope(subject, target.environment, origin.system_identifier)
        obstacle = unknown_to_retention(origin)
        pruned = Pruned(failed=(obstacle,)) if obstacle else prune(storage, rules, needed, scope)
    except Exception as error:  # noqa: BLE001 - no reason to refuse a run, nor to hide its failure
        pruned = Pruned(failed=(f"nothing was pruned: {target.database_url.redact(str(error))}",))
    if pruned.removed:
        _log.info("pruned %d backups: %s", len(pruned.removed), ", ".join(pruned.removed))
    for line in pruned.failed:
        _log.warning("not pruned: %s", line)


def _kept(newest_first: Sequence[Stored], now: datetime, rules: Rules) -> Iterator[Stored]:
    yield from newest_first[: rules.keep_last or 0]
    if rules.keep_days is not None:
        since = now - timedelta(days=rules.keep_days)
        yield from (one for one in newest_first if one.made_at > since)
    months: dict[tuple[int, int], Stored] = {}
    for one in newest_first:
        months.setdefault((one.made_at.year, one.made_at.month), one)
    yield from list(months.values())[: rules.keep_monthly or 0]
    yield from [one for one in newest_first if one.manifest.verified != "none"][:1]
