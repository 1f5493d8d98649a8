"""One function per value of the contract: a plausible one, and any field of it on request."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sst.config.sources.target import Target
from sst.db.url import DatabaseUrl
from sst.hooks.contract.application import ApplicationContext
from sst.hooks.contract.checks import Check, CheckResult, CheckStatus
from sst.hooks.contract.commands import CommandResult, Restored
from sst.hooks.contract.events import Event, EventKind
from sst.hooks.contract.fleet.engines import FleetCall, NamedEngine
from sst.hooks.contract.fleet.jobs import Answer, Job, Work
from sst.hooks.contract.revisions import Direction, Migrations, Revision
from sst.hooks.contract.run import Backup, Failure, Run
from sst.testing.values.fakes import FakeEngine, FakeInspection

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from sst.hooks.contract.checks import Inspection

URL = "postgresql://app@db.example:5432/app"
"""The database of all values; nobody listens there."""
A_FRIDAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""When everything happens: noon of a Friday."""


def a_revision(id: str = "a1", **over: Any) -> Revision:  # noqa: A002 - the field's own name
    """Return the first revision of a history, `a1`."""
    values: dict[str, Any] = {"down_revisions": (), "description": "create table site"}
    return Revision(**values | {"id": id} | over)


def a_backup(**over: Any) -> Backup:
    """Return a verified backup of a kilobyte."""
    values: dict[str, Any] = {
        "id": "20261120T120000Z-app-7e01e1",
        "uri": "/backups/20261120T120000Z-app-7e01e1",
        "size_bytes": 1024,
        "sha256": "0" * 64,
        "verified": True,
    }
    return Backup(**values | over)


def a_run(**over: Any) -> Run:
    """Return an upgrade of an empty database by one revision, `a1`.

    Its *inspect* returns a `FakeInspection`, its *project_root* is the system's temporary folder:
    give pytest's *tmp_path* where the plugin writes. Notes are dropped: give `notes.__setitem__`
    of a dict where they matter, and methods of a `FakeDatabase` for *fetch* and *execute*.
    """
    values: dict[str, Any] = {
        "id": "run-1",
        "command": "upgrade",
        "direction": Direction.UPGRADE,
        "target": "head",
        "environment": "testing",
        "database": URL,
        "before": (),
        "after": ("a1",),
        "plan": (a_revision(),),
        "started_at": A_FRIDAY,
        "project_root": Path(tempfile.gettempdir()),
        "database_url": DatabaseUrl(URL),
        "inspect": FakeInspection,
        "note": dict[str, Any]().__setitem__,
    }
    return Run(**values | over)


def an_application(**over: Any) -> ApplicationContext:
    """Return an application without Redis, whose *inspect* returns a `FakeInspection`.

    It has no database: give an *engine*, a function that returns one, where a request needs it.
    """
    values: dict[str, Any] = {
        "environment": "testing",
        "project_root": Path(tempfile.gettempdir()),
        "database_url": lambda: DatabaseUrl(URL),
        "engine": _no_engine,
        "redis_url": None,
        "inspect": FakeInspection,
    }
    return ApplicationContext(**values | over)


def a_failure(**over: Any) -> Failure:
    """Return the failure of the revision `a1`: a column was there already."""
    values: dict[str, Any] = {
        "code": "revision_failed",
        "message": 'column "name" of relation "site" already exists',
        "phase": "revision",
        "revision": "a1",
        "sqlstate": "42701",
    }
    return Failure(**values | over)


def an_event(kind: EventKind = EventKind.RUN_SUCCEEDED, **over: Any) -> Event:
    """Return an event of the run; *kind* says which."""
    values: dict[str, Any] = {
        "run_id": "run-1",
        "command": "upgrade",
        "environment": "testing",
        "database": URL,
        "message": "the database is at a1",
        "at": A_FRIDAY,
        "after": ("a1",),
    }
    return Event(**values | {"kind": kind} | over)


def a_check_result(status: CheckStatus = CheckStatus.PASS, **over: Any) -> CheckResult:
    """Return the result of a check that passed."""
    values: dict[str, Any] = {"detail": "all is well"}
    return CheckResult(**values | {"status": status} | over)


def a_check(**over: Any) -> Check:
    """Return a check that passes at every stage."""

    def passes(inspection: Inspection) -> CheckResult:
        del inspection
        return a_check_result()

    values: dict[str, Any] = {"name": "wellbeing", "run": passes}
    return Check(**values | over)


def some_migrations(path: Path, **over: Any) -> Migrations:
    """Return the version folder *path* under the branch label `audit`."""
    values: dict[str, Any] = {"path": path, "branch_label": "audit"}
    return Migrations(**values | over)


def a_command_result(**over: Any) -> CommandResult:
    """Return what a command has to say: one line."""
    values: dict[str, Any] = {"text": "done"}
    return CommandResult(**values | over)


def a_target(name: str = "acme", **over: Any) -> Target:
    """Return one database of many, *over* over the defaults."""
    given = {"url": f"postgresql://owner@db.example/{name}", "labels": {"region": "eu"}}
    return Target(name, **{**given, **over})


def some_work(**over: Any) -> Work:
    """Return an `upgrade` of whatever database."""
    values: dict[str, Any] = {"words": ("upgrade",)}
    return Work(**values | over)


def a_job(**over: Any) -> Job:
    """Return an `upgrade` of the target acme."""
    values: dict[str, Any] = {"target": a_target(), "work": some_work()}
    return Job(**values | over)


def an_answer(**over: Any) -> Answer:
    """Return the answer to `a_job`, which ended well."""
    values: dict[str, Any] = {"job": a_job(), "exit_code": 0, "seconds": 0.4}
    return Answer(**values | over)


def a_named_engine(**over: Any) -> NamedEngine:
    """Return the offer of a `FakeEngine` under the name acme."""
    values: dict[str, Any] = {"name": "acme", "make": lambda _call: FakeEngine()}
    return NamedEngine(**values | over)


def a_fleet_call(**over: Any) -> FleetCall:
    """Return the call of `upgrade` on many databases that an engine is made for."""
    values: dict[str, Any] = {
        "command": "upgrade",
        "environment": "testing",
        "project_root": Path(),
        "most": None,
    }
    return FleetCall(**values | over)


def a_restore(**over: Any) -> Restored:
    """Return what a restore of `a_backup` did; the database of before is kept."""
    values: dict[str, Any] = {
        "backup_id": a_backup().id,
        "heads": ("a1",),
        "kept_as": "app_before_20261120T120000Z",
        "cut_off_ms": 40,
        "message": "restored to a1",
    }
    return Restored(**values | over)


def _no_engine() -> Engine:
    raise LookupError("this application has no database: give an_application an engine")
