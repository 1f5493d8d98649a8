"""The work of `backup prune`: backups that no rule keeps, and databases that nothing needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..manifest.origin import read_origin, unknown_to_retention
from ..manifest.subject import Subject
from ..one_schema.live import family_beside
from ..one_schema.replaced import left_alone as schema_left_alone
from ..one_schema.restore import dropped_or_why
from ..postgres import marks
from ..postgres.maintenance_session import connected, translate_driver_errors
from ..restore import template_copy
from ..restore.database_names import (
    ReplacedDatabase,
    find_half_made,
    find_replaced,
    find_unmarked,
)
from ..store.retention import Pruned, Rules, Scope, unplaced
from ..store.retention import prune as prune_backups
from .operations import storage_of
from .texts import replaced_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import CommandContext, DatabaseUrl

    from ..settings import Config
    from ..store.listing import Listing


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was pruned, or with *is_dry* would be."""

    is_dry: bool
    backups: tuple[str, ...]
    replaced: tuple[ReplacedDatabase, ...] = ()
    kept: tuple[ReplacedDatabase, ...] = ()
    """Replaced databases that are too young to go."""
    snapshots: tuple[str, ...] = ()
    half_made: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unmarked: tuple[str, ...] = ()
    """Databases that have a name like ours, but not our mark: they are left."""
    kind: str = "database"
    """What *replaced*, *kept* and *unmarked* are: `database` or `schema`."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each thing that is still there, but looks as if it should not be."""
        return (*self.failed, *map(self._explain, self.unmarked))

    @property
    def _explain(self) -> Callable[[str], str]:
        return marks.left_alone if self.kind == "database" else schema_left_alone

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """One row for each, its outcome first."""
        gone = "would go" if self.is_dry else "removed"
        return [
            *((gone, "backup", name, "") for name in self.backups),
            *(replaced_row(each, gone, self.kind) for each in self.replaced),
            *((gone, "template copy", name, "") for name in self.snapshots),
            *((gone, "half-made database", name, "") for name in self.half_made),
            *(replaced_row(each, "kept", self.kind) for each in self.kept),
            *(("left", f"{self.kind} without our mark", name, "") for name in self.unmarked),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "dry_run": self.is_dry,
            "backups": list(self.backups),
            f"replaced_{self.kind}s": [each.to_dict() for each in self.replaced],
            f"kept_{self.kind}s": [each.to_dict() for each in self.kept],
            "template_copies": list(self.snapshots),
            "half_made_databases": list(self.half_made),
            f"left_{self.kind}s": list(self.unmarked),
            "failed": list(self.failed),
        }


def prune(
    config: Config,
    context: CommandContext,
    lock_wait_seconds: float | None,
    *,
    dry_run: bool,
) -> Plan:
    """Remove what no rule keeps: backups, replaced databases, copies without their backup."""
    with context.locked(
        "backup prune", "", lock_wait_seconds=lock_wait_seconds, on_record=False
    ) as work:
        with work.inspect() as inspection:
            needed = inspection.needed_backups
            origin = read_origin(inspection.fetch, work.database_url)
        storage, rules = storage_of(config, work), Rules.of(config)
        subject = Subject.of(work.database_url)
        scope = Scope(subject, work.environment, origin.system_identifier)
        obstacle = unknown_to_retention(origin) if rules.are_set else ""
        if obstacle:
            pruned = Pruned(failed=(obstacle,))
        else:
            pruned = prune_backups(storage, rules, needed, scope, is_dry=dry_run)
        listing = storage.list()
        if rules.are_set:
            pruned = replace(pruned, failed=(*pruned.failed, *unplaced(listing, scope)))
        if subject.schema:
            return _schemas(config, work.database_url, pruned, dry_run=dry_run)
        return _databases(config, work.database_url, listing, pruned, dry_run=dry_run)


def _schemas(config: Config, url: DatabaseUrl, pruned: Pruned, *, dry_run: bool) -> Plan:
    """Drop the old schemas of a tenant, whose lock this is; the databases beside are not its."""
    family = family_beside(url)
    until = datetime.now(UTC) - timedelta(days=config.keep_replaced_days)
    old = tuple(each for each in family.replaced if each.until <= until)
    stay = () if dry_run else tuple(dropped_or_why(url, each.name) for each in old)
    return Plan(
        dry_run,
        pruned.removed,
        replaced=old,
        kept=tuple(each for each in family.replaced if each not in old),
        failed=(*pruned.failed, *filter(None, stay)),
        unmarked=family.unmarked,
        kind="schema",
    )


def _databases(
    config: Config,
    url: DatabaseUrl,
    listing: Listing,
    pruned: Pruned,
    *,
    dry_run: bool,
) -> Plan:
    live = url.name
    left = [one.id for one in listing if one.id not in pruned.removed]
    until = datetime.now(UTC) - timedelta(days=config.keep_replaced_days)
    with connected(url) as server, translate_driver_errors(server):
        kept = find_replaced(server, live)
        old = tuple(each for each in kept if each.until <= until)
        # While a store is silent, it may hold the backup of a copy.
        orphans = [] if listing.unreachable else template_copy.find_orphans(server, live, left)
        half_made = find_half_made(server, live)
        unmarked = find_unmarked(server, live)
        names = () if dry_run else (*(each.name for each in old), *orphans, *half_made)
        stay = tuple(filter(None, map(server.drop_or_explain, names)))
    return Plan(
        is_dry=dry_run,
        backups=pruned.removed,
        replaced=old,
        kept=tuple(each for each in kept if each not in old),
        snapshots=tuple(orphans),
        half_made=tuple(half_made),
        failed=(*pruned.failed, *stay),
        unmarked=tuple(unmarked),
    )
