"""Test a plugin: a real project on a real database, values to call it with, its conformance.

- `conformance/`: whether a plugin keeps the contract
- `project/`: a real project, driven through migrate.py
- `values/`: values and stand-ins to call a plugin with
- `fixtures.py`: the fixtures of the kit
- `leaks.py`: threads, variables and folders that a plugin leaves behind
- `settings.py`: other settings for a test

Opt in with `pytest_plugins = ["sst.testing"]` in a conftest.py or a test module: nothing of this
is loaded by itself. PYTEST_DONT_REWRITE: it may be imported before pytest loads it.
"""

from __future__ import annotations

from sst.testing.conformance.conforms import assert_conforms
from sst.testing.fixtures import no_leaks, project, sst_server
from sst.testing.project.outcome import HookCall, Outcome
from sst.testing.project.project import Project
from sst.testing.settings import override_settings, override_settings_fixture, some_settings
from sst.testing.values.builders import (
    A_FRIDAY,
    a_backup,
    a_check,
    a_check_result,
    a_command_result,
    a_failure,
    a_fleet_call,
    a_job,
    a_named_engine,
    a_restore,
    a_revision,
    a_run,
    a_target,
    an_answer,
    an_application,
    an_event,
    some_migrations,
    some_work,
)
from sst.testing.values.fakes import (
    FakeCommandContext,
    FakeDatabase,
    FakeEngine,
    FakeInspection,
    FakeLockedWork,
)
from sst.testing.values.plan import (
    a_change,
    a_finding,
    a_lock,
    a_statement,
    an_acceptance,
    some_seconds,
)

__all__ = [
    "A_FRIDAY",
    "FakeCommandContext",
    "FakeDatabase",
    "FakeEngine",
    "FakeInspection",
    "FakeLockedWork",
    "HookCall",
    "Outcome",
    "Project",
    "a_backup",
    "a_change",
    "a_check",
    "a_check_result",
    "a_command_result",
    "a_failure",
    "a_finding",
    "a_fleet_call",
    "a_job",
    "a_lock",
    "a_named_engine",
    "a_restore",
    "a_revision",
    "a_run",
    "a_statement",
    "a_target",
    "an_acceptance",
    "an_answer",
    "an_application",
    "an_event",
    "assert_conforms",
    "no_leaks",
    "override_settings",
    "override_settings_fixture",
    "project",
    "some_migrations",
    "some_seconds",
    "some_settings",
    "some_work",
    "sst_server",
]
