"""The backups that were found, and which one of them an id means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, overload

from sst.hooks import Veto

from .store import Damaged

if TYPE_CHECKING:
    from datetime import datetime

    from sst.hooks import Backup

    from ..manifest.manifest import Manifest
    from ..manifest.origin import Origin
    from ..manifest.subject import Subject
    from .store import Scan, Store

LATEST = "latest"

_SHORTEST_PREFIX = 4
"""Characters: `restore 2` is no way to name the backups of this millennium."""
_TRY_AGAIN = "try again, or name a backup of this machine by its whole id"
_MOUNTED = "type it where their disk is mounted, as in `python migrate.py backup list`"
_LIST = "`python migrate.py backup list` names the backups there are"


@dataclass(frozen=True, slots=True)
class Stored:
    """A complete backup, and the stores that hold it."""

    manifest: Manifest
    stores: tuple[str, ...]
    """Their names, the nearest first: `local`, or a URL without credentials."""
    uri: str
    """Of its folder in the first of these stores."""

    @property
    def id(self) -> str:
        """The backup's id."""
        return self.manifest.id

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return self.manifest.made_at

    @property
    def backup(self) -> Backup:
        """The value that the core records, prints and notifies."""
        return self.manifest.to_backup(self.uri)


@dataclass(frozen=True, slots=True)
class Listing(Sequence[Stored]):
    """The complete backups, newest first, and the damaged ones."""

    found: tuple[Stored, ...]
    damaged: tuple[Damaged, ...] = ()
    unreachable: str = ""
    """Why a store could not be asked; then *found* is what the others hold."""
    elsewhere: str = ""
    """What to type where the backups are, when the store of this machine is not among them."""

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


def merged(scans: Sequence[tuple[Store, Scan]], elsewhere: str, silent: str) -> Listing:
    """Return the backups of all stores; *scans* begins with the nearest.

    *elsewhere* says that the folder of this machine is not where backups are, *silent* which
    stores do not answer; each is empty where that is not so.
    """
    manifests: dict[str, Manifest] = {}
    holders: dict[str, list[Store]] = {}
    wrong = [one for _, scan in scans for one in scan.damaged]
    for store, scan in scans:
        for manifest in scan.manifests:
            known = manifests.setdefault(manifest.id, manifest)
            if known.checksum == manifest.checksum:
                holders.setdefault(manifest.id, []).append(store)
            else:
                reason = "it is another one than the local one"
                wrong.append(Damaged(manifest.id, store.name, reason))
    found = [stored_in(manifests[name], stores) for name, stores in holders.items()]
    found.sort(key=lambda one: (one.made_at, one.id), reverse=True)
    unreachable = "; ".join(filter(None, [elsewhere, silent]))
    return Listing(tuple(found), tuple(wrong), unreachable, _MOUNTED if elsewhere else "")


def stored_in(manifest: Manifest, stores: Sequence[Store]) -> Stored:
    """Return the backup *manifest* as *stores* hold it, the nearest first."""
    return Stored(manifest, tuple(one.name for one in stores), stores[0].uri(manifest.id))


def pick(
    listing: Listing,
    wanted: str,
    subject: Subject | None = None,
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
            listing.elsewhere or _TRY_AGAIN,
            code="storage_unreachable",
        )
    if wanted == LATEST:
        return _latest(listing, subject, environment, origin)
    return _by_prefix(listing, wanted)


def _latest(
    listing: Listing, subject: Subject | None, environment: str | None, origin: Origin | None
) -> Stored:
    fitting = [
        one
        for one in listing
        if subject in (None, one.manifest.subject)
        and environment in (None, one.manifest.environment)
    ]
    for one in fitting:
        if origin is None or origin.made(one.manifest):
            return one
    if fitting and origin:
        # The refusal has the reason, and the flag that accepts the newest.
        origin.require_own(fitting[0].manifest)
    what = f" of {subject}" if subject else ""
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
                f"{wanted} at {broken.store}: {broken.reason}", _LIST, code="backup_damaged"
            )
    nearest = get_close_matches(wanted, [one.id for one in listing], n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else _LIST
    raise Veto(f"there is no backup {wanted!r}", hint, code="backup_not_found")
