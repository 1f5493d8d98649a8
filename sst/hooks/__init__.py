"""The plugin contract: all that a plugin may import.

- `calling/`: order, deadlines and isolation of hook calls
- `contract/`: hooks, modes and the values that cross the border
- `finding/`: plugins found, imported and validated
- `tools/`: doctor, reference and scaffold for plugin authors
- `manager.py`: the plugins of one process, and the one door to pluggy
- `progress.py`: how far work has come, as a live line
- `tracing.py`: a plugin's work in the trace of a run
"""

from __future__ import annotations

from sst.config.sources.target import Target
from sst.db.sql_tokens import Token
from sst.db.sql_tokens import statements as sql_statements
from sst.db.sql_tokens import text_of as sql_text
from sst.db.url import DatabaseUrl
from sst.dependencies import build_command, install_advice
from sst.errors import ConfigError, DatabaseUnreachableError, Problem, TemporaryError
from sst.hooks.contract.application import ApplicationContext, Middleware
from sst.hooks.contract.checks import (
    ALL_STAGES,
    Check,
    CheckResult,
    CheckStatus,
    Inspection,
    Stage,
)
from sst.hooks.contract.commands import (
    CommandContext,
    CommandResult,
    LockedWork,
    Restored,
    works_on_many,
)
from sst.hooks.contract.events import Event, EventKind
from sst.hooks.contract.fleet.engines import Engine, FleetCall, NamedEngine
from sst.hooks.contract.fleet.jobs import Answer, Job, Work, packed_report
from sst.hooks.contract.marker import cacheable, hookimpl
from sst.hooks.contract.plan.finding import Acceptance, Finding, Level
from sst.hooks.contract.plan.statement import Change, ChangeKind, Lock, Seconds, Statement
from sst.hooks.contract.revisions import Direction, Migrations, Revision
from sst.hooks.contract.run import Backup, Failure, Run, StatementFailedError, Veto
from sst.hooks.contract.settings_view import SettingsView
from sst.hooks.progress import ProgressLine
from sst.hooks.tracing import trace_environment, trace_span
from sst.text import (
    counted,
    duration_text,
    first_line,
    listed,
    proven_text,
    size_text,
    span_text,
)
from sst.within import NoAnswerError, ThreadedWork, within

__all__ = [
    "ALL_STAGES",
    "Acceptance",
    "Answer",
    "ApplicationContext",
    "Backup",
    "Change",
    "ChangeKind",
    "Check",
    "CheckResult",
    "CheckStatus",
    "CommandContext",
    "CommandResult",
    "ConfigError",
    "DatabaseUnreachableError",
    "DatabaseUrl",
    "Direction",
    "Engine",
    "Event",
    "EventKind",
    "Failure",
    "Finding",
    "FleetCall",
    "Inspection",
    "Job",
    "Level",
    "Lock",
    "LockedWork",
    "Middleware",
    "Migrations",
    "NamedEngine",
    "NoAnswerError",
    "Problem",
    "ProgressLine",
    "Restored",
    "Revision",
    "Run",
    "Seconds",
    "SettingsView",
    "Stage",
    "Statement",
    "StatementFailedError",
    "Target",
    "TemporaryError",
    "ThreadedWork",
    "Token",
    "Veto",
    "Work",
    "build_command",
    "cacheable",
    "counted",
    "duration_text",
    "first_line",
    "hookimpl",
    "install_advice",
    "listed",
    "packed_report",
    "proven_text",
    "size_text",
    "span_text",
    "sql_statements",
    "sql_text",
    "trace_environment",
    "trace_span",
    "within",
    "works_on_many",
]
