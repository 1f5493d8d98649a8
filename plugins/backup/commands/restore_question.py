"""The question before a restore: the backup against the database of now, line by line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sst.hooks import size_text, span_text

from ..manifest.subject import Subject
from ..restore.database_names import replaced_name
from ..verify.verifier import PROVEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sst.hooks import CommandContext

    from ..manifest.manifest import Manifest
    from ..restore.live_database import LiveDatabase
    from ..settings import Config

_APPLICATIONS = 4
_LABEL = 10


def restore_lines(
    config: Config,
    context: CommandContext,
    manifest: Manifest | None,
    live: LiveDatabase,
    *,
    drop_old: bool,
) -> list[str]:
    """Return what a restore of *manifest* changes in *live*; without one, what `--undo` does."""
    facts = [*_of_backup(manifest, context, live)] if manifest else [*_of_undo(live)]
    if manifest or live.replaced:
        facts += _of_live(config, context, live, drop_old=drop_old)
    return [f"{label:<{_LABEL}}{text}" for label, text in facts]


def _of_backup(
    manifest: Manifest, context: CommandContext, live: LiveDatabase
) -> Iterator[tuple[str, str]]:
    yield "backup", f"made {_ago(manifest.made_at)}"
    own = Subject.of(context.database_url), context.environment
    if (manifest.subject, manifest.environment) != own:
        yield "CAREFUL", f"it is of {manifest.subject} in {manifest.environment}, not of this one"
    if live.origin and not live.origin.made(manifest):
        yield "CAREFUL", f"it {live.origin.difference(manifest)}"
    revision, whole = _at(manifest.heads), "schema" if manifest.schema else "database"
    same = live.heads is not None and set(live.heads) == set(manifest.heads)
    yield "revision", f"{revision}; the {whole} is at {'the same' if same else _now(live)}"
    of = f"{size_text(manifest.size_bytes)}, of a {whole} of {size_text(manifest.database_bytes)}"
    yield "size", of if live.size_bytes is None else f"{of}; now {size_text(live.size_bytes)}"
    yield "proven", PROVEN.get(manifest.verified, manifest.verified)


def _of_undo(live: LiveDatabase) -> Iterator[tuple[str, str]]:
    if live.replaced is None:
        yield "back", "there is no database to put back"
        return
    old = live.replaced
    yield "back", f"{old.name} ({size_text(old.size_bytes)}), live until {_ago(old.until)}"
    size = "" if live.size_bytes is None else f" ({size_text(live.size_bytes)})"
    yield "revision", f"the database{size} is at {_now(live)}"


def _of_live(
    config: Config, context: CommandContext, live: LiveDatabase, *, drop_old: bool
) -> Iterator[tuple[str, str]]:
    subject = Subject.of(context.database_url)
    name = subject.schema or subject.database
    if live.unseen:
        yield "now", f"the database cannot be looked at: {live.unseen}"
        return
    if live.oid is None:
        yield "now", f"the server has no database {name}: it is made anew, and replaces nothing"
        return
    if live.last_run:
        run = live.last_run
        yield "last run", f"{run.words}, {run.outcome}, {span_text(run.age_seconds)} ago"
    yield "sessions", "none is ended" if subject.schema else _sessions(live.sessions)
    if drop_old:
        yield "old one", "is DROPPED, with all rows written since (--drop-old)"
        return
    kept = f"{replaced_name(name, datetime.now(UTC)).rpartition('_')[0]}_TIME"
    pruned = f"`backup prune` drops it after {config.keep_replaced_days} days"
    yield "old one", f"is kept as {kept}, with all rows written since; {pruned}"


def _sessions(sessions: Mapping[str, int]) -> str:
    """Return how many sessions are cut off, and of which applications."""
    count = sum(sessions.values())
    if not count:
        return "no other session is connected"
    named = [f"{name or '(no name)'} {times}" for name, times in sessions.items()]
    rest = len(named) - _APPLICATIONS
    more = f" and {rest} more applications" if rest > 0 else ""
    verb = "is" if count == 1 else "are"
    return (
        f"{count} {verb} connected and will be cut off: {', '.join(named[:_APPLICATIONS])}{more}"
    )


def _now(live: LiveDatabase) -> str:
    return "a revision that cannot be read" if live.heads is None else f"{_at(live.heads)} now"


def _at(heads: Sequence[str]) -> str:
    return ", ".join(heads) or "no revision"


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return f"{span_text(seconds)} ago ({moment:%Y-%m-%d %H:%M:%S} UTC)"
