"""The revision files of a project, read once: their order, their heads, and what is broken."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionMap

from sst.bridge.env_py.preparation import prepared
from sst.bridge.history.broken_files import (
    broken_file,
    check_folders,
    check_ids,
    check_links,
    cycle,
    lacking,
    twice,
)
from sst.bridge.location.branches import require_own_base
from sst.bridge.values.process_state import kept_within
from sst.hooks.contract.revisions import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.runtime.migration import RevisionStep
    from alembic.script import Script

    from sst.bridge.location.branches import Branch
    from sst.bridge.location.location import Location


class History:
    """The revisions of one project; every file is read when the history is made.

    Raises `BrokenHistoryError` naming file and line when a file or a folder cannot be read, an
    id is empty or the word for a place, two files hold one id, a file that another refers to is
    missing, or the revisions form a circle.
    """

    def __init__(self, location: Location, branches: Sequence[Branch] = ()) -> None:
        self._location = location
        self.script = ScriptDirectory.from_config(location.config())
        self.branches = tuple(branches)
        """Those of plugins."""
        self._load()
        require_own_base(branches, self.revisions)

    @property
    def map(self) -> RevisionMap:
        """Alembic's own map of the revisions."""
        return self.script.revision_map

    @property
    def heads(self) -> tuple[str, ...]:
        """The ids at the ends of all lines of revisions."""
        return tuple(self.map.heads)

    @property
    def database_heads(self) -> tuple[str, ...]:
        """The rows of the version table when everything is applied, sorted.

        A head that another revision `depends_on` has no row of its own.
        """
        return tuple(sorted(self.map._real_heads))  # noqa: SLF001 - public only since 1.18.5

    @cached_property
    def revisions(self) -> tuple[Revision, ...]:
        """Every revision, a revision after the ones that it builds on."""
        newest_first = self.script.walk_revisions()
        return tuple(as_revision(each) for each in newest_first)[::-1]

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of all revisions."""
        return frozenset(revision.id for revision in self.revisions)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of all branches."""
        found = {label for revision in self.revisions for label in revision.branch_labels}
        return tuple(sorted(found))

    def branch_of(self, revision: str) -> Branch | None:
        """Return the plugin's branch whose folder holds the revision; None for the project's."""
        file = Path(self.script.get_revision(revision).path)
        return next((branch for branch in self.branches if branch.holds(file)), None)

    def step(self, revision: str, *, is_upgrade: bool) -> RevisionStep:
        """Return Alembic's step for the revision with this id.

        Raises `BrokenHistoryError` when the file lacks the function for this direction.
        """
        script = self.script.get_revision(revision)
        make = (
            MigrationStep.upgrade_from_script
            if is_upgrade
            else MigrationStep.downgrade_from_script
        )
        try:
            return make(self.map, script)
        except AttributeError as error:
            raise lacking(script, "upgrade" if is_upgrade else "downgrade") from error

    def forget_order(self) -> None:
        """Compute the values above anew: a revision was written."""
        for name in ("revisions", "ids", "labels"):
            self.__dict__.pop(name, None)

    def _load(self) -> None:
        scripts = self._read_files()
        check_folders(
            self.script._version_locations,  # noqa: SLF001 - has no public twin
            is_recursive=self.script.recursive_version_locations,
        )
        check_ids(scripts)
        twice(scripts)
        check_links(scripts)
        self.script.revision_map = RevisionMap(lambda: scripts)
        with cycle(scripts):
            self.map.heads  # noqa: B018 - the map is built, and checked, on first access

    def _read_files(self) -> list[Script]:
        # What a file prints while it is imported is no result either.
        with kept_within():
            try:
                return self._imported()
            except Exception:  # noqa: BLE001 - the second try says what is wrong
                return self._read_after_env_py()

    def _read_after_env_py(self) -> list[Script]:
        try:
            return prepared(self._location.config(), self.script, self._imported)
        except Exception as error:
            raise broken_file(error) from error

    def _imported(self) -> list[Script]:
        return list(self.script._load_revisions())  # noqa: SLF001 - has no public twin


def as_revision(script: Script) -> Revision:
    """Return Alembic's *script* as our own value."""
    return Revision(
        id=script.revision,
        down_revisions=tuple(script._versioned_down_revisions),  # noqa: SLF001 - always a tuple
        description=" ".join(script.doc.split()).rstrip(".") or Path(script.path).stem,
        path=Path(script.path),
        branch_labels=tuple(sorted(script.branch_labels)),
    )
