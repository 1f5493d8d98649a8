"""The core's checks: the record compared with the files and with the schema.

Each finding is an entry of `checks` under the name `core`, with a code and a remedy of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from sst.bridge.values.checksum import checksum_of
from sst.errors import VersionTableBehindError
from sst.hooks.contract.checks import Check, CheckResult, CheckStatus, Stage
from sst.hooks.manager import Contribution
from sst.migrator.schema.fingerprint import outside_changes, read_fingerprint
from sst.migrator.values.report import CORE
from sst.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge import AlembicProject
    from sst.hooks.contract.checks import Inspection
    from sst.hooks.contract.revisions import Revision
    from sst.migrator.ledger.reader import AppliedCode, LastMove
    from sst.migrator.schema.fingerprint import Fingerprint
    from sst.migrator.session.inspection import DatabaseInspection
    from sst.migrator.values.status import Status

_ACCEPT = "if it is meant, accept it with `python migrate.py stamp {heads}`"
_ASKED = frozenset({Stage.CHECK})
REMEDIES = {
    "revision_deleted": "bring the file back from version control; " + _ACCEPT,
    "revision_edited": "undo the edit and write a new revision instead; " + _ACCEPT,
    "schema_changed": "undo the change, or write a revision that makes it; " + _ACCEPT,
    "ledger_disagrees": "find out who moved it, then put it on record with "
    "`python migrate.py repair`",
}
"""The remedy of each finding, by its code, the gravest first."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for the findings, read once on one connection."""

    project: AlembicProject
    status: Status
    applied: tuple[AppliedCode, ...]
    last_move: LastMove | None
    fingerprint: Fingerprint | None
    changed: tuple[str, ...] | None
    """The changes outside migrations; None where nothing can be said."""


def gather(project: AlembicProject, inspection: DatabaseInspection) -> Evidence:
    """Read what the ledger remembers, and the schema; nothing is written."""
    records, connection = inspection.records, inspection.connection
    fingerprint = changed = None
    try:
        fingerprint = read_fingerprint(connection)
        changed = outside_changes(connection, fingerprint, project.ignored_tables)
    except DBAPIError:
        # Somebody is changing a table right now, or this role may not read the fingerprint.
        connection.rollback()
    return Evidence(
        project=project,
        status=inspection.status,
        applied=records.applied(),
        last_move=records.last_move(),
        fingerprint=fingerprint,
        changed=changed,
    )


def core_checks(evidence: Evidence) -> tuple[Contribution, ...]:
    """Return the checks that find what *evidence* shows; they ask the database nothing more."""
    looks = {
        "revision_files": _deleted,
        "revision_code": _edited,
        "schema": _schema,
        "ledger": _ledger,
    }

    def answer(look: object, _: Inspection) -> CheckResult:
        found: CheckResult = look(evidence)  # type: ignore[operator]
        return found

    return tuple(
        Contribution(CORE, Check(name, partial(answer, look), _ASKED, cacheable=True))
        for name, look in looks.items()
    )


def remedy(code: str | None, status: Status) -> str | None:
    """Return the one line that says what to do about the finding *code*."""
    text = REMEDIES.get(code or "")
    target = status.current[0] if len(status.current) == 1 else "heads"
    return text.format(heads=target) if text else None


def _deleted(evidence: Evidence) -> CheckResult:
    known = {step.revision for step in evidence.applied}
    gone = [
        each
        for each in evidence.applied
        if not evidence.project.knows(each.revision) and each.revision not in _current(evidence)
    ]
    if evidence.status.unknown:
        return _skip("the database is ahead: its newer files are not here")
    if gone:
        named = [f"{each.revision} (applied by run {each.run_id})" for each in gone]
        text = f"no file holds the applied revision {listed(named)}"
        return _fail(evidence, "revision_deleted", text, named)
    return _pass(f"{len(known)} applied revisions on record have their files")


def _edited(evidence: Evidence) -> CheckResult:
    files = {revision.id: revision for revision in evidence.project.revisions()}
    pending = {step.revision.id for step in evidence.status.pending}
    edited = [
        each
        for each in evidence.applied
        if each.revision not in pending and _is_edited(files.get(each.revision), each.checksum)
    ]
    if edited:
        named = [f"{_name(files[each.revision])} (run {each.run_id})" for each in edited]
        text = f"edited after it was applied: {listed(named)}"
        return _fail(evidence, "revision_edited", text, named)
    return _pass("no applied revision was edited")


def _schema(evidence: Evidence) -> CheckResult:
    known, changed = evidence.fingerprint, evidence.changed
    if known is None:
        return _skip("no run has left a fingerprint yet")
    if known.later_run:
        return _skip(f"the run {known.later_run} has begun since and left no fingerprint")
    if changed is None:
        return _skip("the catalogue could not be compared: another server, or a lock")
    if changed:
        detail = f"{known.changed}: {listed(changed, '; ')}"
        return _fail(evidence, "schema_changed", detail, changed)
    return _pass(f"as run {known.run_id} left it")


def _ledger(evidence: Evidence) -> CheckResult:
    disagreement, error = (
        disagrees(evidence.last_move, evidence.status.current),
        evidence.status.error,
    )
    if disagreement and isinstance(error, VersionTableBehindError):
        detail = f"{disagreement}; {error.next_step}"
        return CheckResult(CheckStatus.WARN, detail, "ledger_disagrees")
    if disagreement:
        return _result(evidence, CheckStatus.WARN, "ledger_disagrees", disagreement)
    return _pass("the record and the version table agree")


def disagrees(last: LastMove | None, current: Sequence[str]) -> str | None:
    """Say how the version table differs from what the newest run left; None when it does not."""
    if last is None or last.is_unfinished or set(last.heads) == set(current):
        return None
    left, found = listed(last.heads) or "no revision", listed(current) or "no revision"
    return f"run {last.run_id} left the database at {left}, the version table says {found}"


def _is_edited(revision: Revision | None, checksum: str) -> bool:
    # Bytecode differs between interpreters; there is no source to compare.
    if revision is None or revision.path is None or revision.path.suffix != ".py":
        return False
    return bool(checksum) and checksum_of(revision.path) != checksum


def _name(revision: Revision) -> str:
    return f"{revision.id} in {revision.path.name}" if revision.path else revision.id


def _current(evidence: Evidence) -> frozenset[str]:
    return frozenset(evidence.status.current)


def _fail(evidence: Evidence, code: str, detail: str, items: Sequence[str]) -> CheckResult:
    return replace(_result(evidence, CheckStatus.FAIL, code, detail), items=tuple(items))


def _result(evidence: Evidence, status: CheckStatus, code: str, detail: str) -> CheckResult:
    return CheckResult(status, f"{detail}; {remedy(code, evidence.status)}", code)


def _pass(detail: str) -> CheckResult:
    return CheckResult(CheckStatus.PASS, detail)


def _skip(detail: str) -> CheckResult:
    return CheckResult(CheckStatus.SKIP, detail)
