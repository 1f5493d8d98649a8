"""Why a run, or other work on record, failed: the value of the ledger's column `error`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sst.db.server_errors import server_message
from sst.errors import NO_FAULT, InterruptedRunError, SstError
from sst.hooks.calling.calls import HookFailedError
from sst.hooks.contract.run import Veto
from sst.migrator.session.signals import Interrupt

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks.contract.run import Failure


@dataclass(frozen=True, slots=True)
class RunFailure:
    """What the ledger keeps of a failure; secrets are masked before."""

    code: str
    """That of the error, such as `vetoed`; `bug` or `failed` for an exception that is none."""
    phase: str | None
    """How far a run had come, the command of other work; None for one that was killed."""
    text: str
    why: str = ""
    revision: str | None = None
    plugin: str | None = None
    sqlstate: str | None = None
    statement: str | None = None
    file: str | None = None
    line: int | None = None
    detail: str | None = None
    server_hint: str | None = None

    @classmethod
    def of_run(cls, failure: Failure, error: SstError | None) -> RunFailure:
        """Return what *failure*, of a run that ended with *error*, is on record."""
        fault = error.fault if error else NO_FAULT
        return cls(
            code=failure.code,
            phase=failure.phase,
            text=failure.message,
            why=error.why if error else "",
            revision=failure.revision,
            plugin=failure.plugin,
            sqlstate=failure.sqlstate,
            statement=failure.statement,
            file=failure.file,
            line=failure.line,
            detail=fault.detail,
            server_hint=fault.server_hint,
        )

    @classmethod
    def of_work(
        cls, raised: BaseException, command: str, redact: Callable[[str], str]
    ) -> RunFailure:
        """Return what *raised*, by work of *command* that runs no revision, is on record."""
        error = cause_of(raised)
        if isinstance(error, SstError):
            return cls(error.code, command, redact(error.what), redact(error.why))
        if isinstance(error, Veto):
            return cls(error.code or "vetoed", command, redact(error.reason))
        if isinstance(error, Interrupt):
            text = InterruptedRunError(error.signal_number, why="", next_step="").what
            return cls("interrupted", command, text)
        return cls("failed", command, redact(server_message(error)))

    def to_dict(self) -> dict[str, Any]:
        """Return the failure as JSON-ready values."""
        return asdict(self)


def cause_of(raised: BaseException) -> BaseException:
    """Return what a plugin's hook raised, where that is what *raised* says."""
    return raised.error if isinstance(raised, HookFailedError) else raised
