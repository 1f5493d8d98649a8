"""What backups there are, and which one of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, overload

from sst.hooks import Veto

from .local import Damaged, Scan, made_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sst.hooks import Backup

    from ..manifest.manifest import Manifest
    from ..manifest.origin import Origin

LATEST = "latest"

_SHORTEST_PREFIX = 4
"""Characters: `restore 2` is no way to name the backups of this millennium."""
_LIST = "`python migrate.py backup list` names the backups there are"


@dataclass(frozen=True, slots=True)
class Stored:
    """A complete backup, and where it lies: the nearest place first."""

    manifest: Manifest
    places: tuple[str, ...]
    """`local`, or a URL without credentials."""
    uri: str
    """Of its folder in the first of these places."""

    @property
    def id(self) -> str:
        """The backup's id."""
        return self.manifest.id

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return made_at(self.manifest)

    @property
    def backup(self) -> Backup:
        """The value that the core records, prints and notifies."""
        return self.manifest.to_backup(self.uri)


@dataclass(frozen=True, slots=True)
class Listing(Sequence[Stored]):
    """The complete backups, newest first, and what else was found."""

    found: tuple[Stored, ...]
    damaged: tuple[Damaged, ...] = ()
    unreachable: str = ""
    """Why the second place could not be asked; then *found* is what lies here."""

    @overload
    def __getitem__(self, index: int) -> Stored: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Stored, ...]: ...
    def __getitem__(self, index: int | slice) -> Stored | tuple[Stored, ...]:
        """Return one of the complete backups, or some."""
        return self.found[index]

    def __len__(self) -> int:
        """Return how many complete backups there are."""
        return len(self.found)


def merged(
    places: Sequence[tuple[str, Scan]],
    stored: Callable[[Manifest, tuple[str, ...]], Stored],
    unreachable: str,
) -> Listing:
    """Return what lies in all *places*, the nearest first; *stored* makes each of its parts."""
    manifests: dict[str, Manifest] = {}
    lies_at: dict[str, list[str]] = {}
    wrong = [one for _, scan in places for one in scan.damaged]
    for place, scan in places:
        for manifest in scan.manifests:
            known = manifests.setdefault(manifest.id, manifest)
            if known.checksum == manifest.checksum:
                lies_at.setdefault(manifest.id, []).append(place)
            else:
                wrong.append(Damaged(manifest.id, place, "it is another one than the local one"))
    found = [stored(manifests[name], tuple(where)) for name, where in lies_at.items()]
    found.sort(key=lambda one: (one.made_at, one.id), reverse=True)
    return Listing(tuple(found), tuple(wrong), unreachable)


def pick(
    listing: Listing,
    wanted: str,
    database: str | None = None,
    environment: str | None = None,
    origin: Origin | None = None,
) -> Stored:
    """Return the one backup of *listing* that *wanted* means; raise `Veto` when there is none."""
    for one in listing:
        if one.id == wanted:
            return one
    if listing.unreachable:
        raise Veto(
            f"{wanted} cannot be looked up: {listing.unreachable}",
            "try again, or name a backup of this machine by its whole id",
            code="storage_unreachable",
        )
    if wanted == LATEST:
        return _latest(listing, database, environment, origin)
    return _by_prefix(listing, wanted)


def _latest(
    listing: Listing, database: str | None, environment: str | None, origin: Origin | None
) -> Stored:
    fitting = [
        one
        for one in listing
        if database in (None, one.manifest.database)
        and environment in (None, one.manifest.environment)
    ]
    for one in fitting:
        if origin is None or origin.made(one.manifest):
            return one
    if fitting and origin:
        # It says why the newest is not taken, and with which flag it would be.
        origin.require_own(fitting[0].manifest)
    what = f" of {database}" if database else ""
    where = f" in {environment}" if environment else ""
    raise Veto(f"there is no backup{what}{where}", _LIST, code="backup_not_found")


def _by_prefix(listing: Listing, wanted: str) -> Stored:
    fitting = [one for one in listing if one.id == wanted]
    if not fitting and len(wanted) >= _SHORTEST_PREFIX:
        fitting = [one for one in listing if one.id.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Veto(
            f"{wanted} fits {len(fitting)} backups: {', '.join(one.id for one in fitting[:3])}",
            "write more of the id",
            code="backup_ambiguous",
        )
    for broken in listing.damaged:
        if broken.id == wanted:
            raise Veto(
                f"{wanted} at {broken.place}: {broken.reason}", _LIST, code="backup_damaged"
            )
    nearest = get_close_matches(wanted, [one.id for one in listing], n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else _LIST
    raise Veto(f"there is no backup {wanted!r}", hint, code="backup_not_found")
