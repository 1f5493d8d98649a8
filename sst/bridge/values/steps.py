"""The frozen values that leave the bridge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sst.bridge.values.checksum import checksum_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import MetaData

    from sst.hooks.contract.revisions import Revision


@dataclass(frozen=True, slots=True)
class EnvFacts:
    """The behaviour of a project's `env.py`, observed by running it with nothing to apply."""

    version_table: str
    version_schema: str | None
    """The schema that `env.py` names, or the one its connection's search path leads to."""
    metadata: tuple[MetaData, ...] | None
    """The models that `env.py` compares with; None when it names none."""
    uses_handed_connection: bool
    """False when `env.py` opens a connection of its own."""
    same_database: bool
    """False when that connection leads to another server or another database."""
    search_schema: str | None = None
    """The schema in which `env.py` creates what it does not qualify; asked for one schema only."""
    id_length: int = 32
    """How many characters of an id the version table holds, as env.py configures or finds it."""
    options: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )
    """The options that `env.py` configured, such as `include_object`; for `differences` only."""

    @property
    def qualified_version_table(self) -> str:
        """The version table's name with its schema: one database may hold several histories."""
        schema = f"{self.version_schema}." if self.version_schema else ""
        return f"{schema}{self.version_table}"


# Without slots: the checksum is computed when it is first asked for.
@dataclass(frozen=True)
class Step:
    """One revision to apply or to take back."""

    revision: Revision
    before: tuple[str, ...]
    """The database's heads before the step, sorted."""
    after: tuple[str, ...]
    """The database's heads after the step, sorted."""
    is_upgrade: bool

    @cached_property
    def checksum(self) -> str:
        """The sha256 of the file's syntax tree: comments, layout and docstrings do not count."""
        return checksum_of(self.revision.path) if self.revision.path else ""


@dataclass(frozen=True, slots=True)
class StepSql:
    """The SQL of one step, or why it cannot be shown."""

    revision: str
    sql: str | None
    """The statements of Alembic, from BEGIN to COMMIT, the version table's row included."""
    reason: str | None
    """Why there is no SQL: such a revision usually reads data while it runs."""
    sent: tuple[tuple[int, str], ...] = ()
    """What the revision itself sends, also before that, each with the line of its file."""
