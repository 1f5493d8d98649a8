"""The result of a rehearsal: kept, and found again while all that it came of is as it was.

What it depends on beyond that, such as the day or an answer from the network, is why it is
believed for a day only. In any doubt there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError

from sst.errors import SstError

# pydantic 2.5 looks for the parts of a `Statement` here, not where that is.
from sst.hooks.contract.plan.statement import Change, ChangeKind, Lock, Seconds, Statement  # noqa: F401
from sst.kept.store import Store
from sst.migrator.rehearsal.cache.circumstances import digest_of, digest_of_replay
from sst.migrator.rehearsal.cache.sources import are_same, digests
from sst.migrator.session.connections import open_connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sst.bridge import Step
    from sst.migrator.values.context import Context

_STORE = Store("plans", most=50)
_OLDEST = timedelta(days=1)
_SETTINGS = ("settings.toml", "settings.local.toml", ".secrets.toml", ".env", "pyproject.toml")


class Result(BaseModel):
    """A rehearsal that came to its end, as it is kept."""

    form: Literal[1] = 1
    at: datetime
    where: str
    """The server on which the copy was made, in words."""
    statements: dict[str, tuple[Statement, ...]]
    """By revision, without what the real tables say."""
    files: dict[str, str] = {}
    """The digests of the files that it was made of."""


@dataclass(frozen=True)
class ResultCache:
    """The results of rehearsals of *steps* from the heads *before*."""

    context: Context
    before: Sequence[str]
    steps: Sequence[Step]

    def key(self) -> str | None:
        """Return the digest of what is there now; None where that cannot be known."""
        if self.context.settings.rehearse == "off":
            return None
        try:
            with open_connection(self.context, "sst-plan") as connection:
                return digest_of(self.context, connection, self.before, self.steps)
        except (SstError, DBAPIError):
            return None

    def find(self, key: str | None) -> Result | None:
        """Return the result that is kept for *key*, if it still holds."""
        content = _STORE.read(_file(key)) if key else None
        if content is None:
            return None
        try:
            found = Result.model_validate_json(content)
        except ValidationError:
            return None
        age = datetime.now(UTC) - found.at
        is_young = timedelta() <= age <= _OLDEST
        return found if is_young and are_same(found.files) else None

    def keep(self, key: str | None, result: Result, opened: Iterable[str]) -> None:
        """Keep *result* of what *key* was before, with the files that revisions have *opened*.

        One with a secret, such as the default of a column, is not kept.
        """
        files = digests(opened, self._files()) if key else None
        if key and files is not None and self.key() == key:
            text = result.model_copy(update={"files": files}).model_dump_json()
            if self.context.redact(text) == text:
                _STORE.write(_file(key), text.encode())

    def _files(self) -> Iterator[Path]:
        """Give the files that the process has read before, and that are no modules."""
        yield from (self.context.root / name for name in _SETTINGS)
        yield from self.context.project.files
        yield from (step.revision.path for step in self.steps if step.revision.path)


@dataclass(frozen=True)
class ReplayCache(ResultCache):
    """The results of replays of *steps* on a server that is made for nothing else."""

    replayed: int = 0
    """How many of the steps only lead to the others."""
    is_each_alone: bool = False
    is_kept: bool = True
    """Whether that is the server: what another one holds is not known here."""

    def key(self) -> str | None:
        """Return the digest of the plan and the process; None where there is more to it."""
        if not self.is_kept:
            return None
        return digest_of_replay(self.context, self.steps, (self.replayed, self.is_each_alone))


def of_now(where: str, statements: Mapping[str, tuple[Statement, ...]]) -> Result:
    """Return the result of a rehearsal that has just come to its end."""
    return Result(at=datetime.now(UTC), where=where, statements=dict(statements))


def _file(key: str) -> str:
    return f"{key}.json"
