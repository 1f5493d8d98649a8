"""The bodies of the health endpoints, as they appear in the OpenAPI description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from sst import __version__
from sst.command_line import as_typed
from sst.hooks.contract.checks import CheckStatus
from sst.hooks.contract.events import rfc3339

if TYPE_CHECKING:
    from sst.health.report import HealthReport, NamedResult

Word = Literal["pass", "warn", "fail"]

API_VERSION = "1"
SERVICE_ID = "sst"


class Answer(BaseModel):
    """A body; what has no value is left out."""

    model_config = ConfigDict(frozen=True)

    def content(self) -> dict[str, object]:
        """Return what is sent."""
        return self.model_dump(mode="json", exclude_none=True)


class CheckAnswer(Answer):
    """One check, in the shape of the IETF draft draft-inadarei-api-health-check-06."""

    componentType: str = "component"  # noqa: N815 - the draft's name
    status: Word
    time: str = Field(description="When it was asked; RFC 3339 in UTC.")
    observedValue: int = Field(description="How long it took.")  # noqa: N815
    observedUnit: str = "ms"  # noqa: N815
    code: str | None = Field(None, description="A stable word for machines.")
    output: str | None = Field(None, description="What is wrong and what to do.")


class StatusAnswer(Answer):
    """One word; `checks` only for a request with the operations token."""

    status: Word
    checks: dict[str, list[CheckAnswer]] | None = Field(
        None, description="By `plugin:check`; only with the operations token."
    )


class HealthAnswer(StatusAnswer):
    """The aggregate of all checks."""

    version: str = Field(API_VERSION, description="Of this interface.")
    releaseId: str = Field(__version__, description="Of the application.")  # noqa: N815
    serviceId: str = SERVICE_ID  # noqa: N815


class VersionAnswer(Answer):
    """Which code runs."""

    version: str
    git_commit: str
    expected_heads: tuple[str, ...] | None = Field(
        None, description="The newest revisions of this code; only with the operations token."
    )


def word(status: CheckStatus) -> Word:
    """Return the draft's word for *status*; a skipped check is not a worry."""
    if status is CheckStatus.FAIL:
        return "fail"
    return "warn" if status is CheckStatus.WARN else "pass"


def named_checks(report: HealthReport) -> dict[str, list[CheckAnswer]]:
    """Return every result of *report* under `plugin:check`."""
    found: dict[str, list[CheckAnswer]] = {}
    for result in report.results:
        found.setdefault(f"{result.plugin}:{result.name}", []).append(_check_answer(result))
    return found


def _check_answer(result: NamedResult) -> CheckAnswer:
    # One that passes and has something to say all the same gives it a code.
    is_quiet = result.status is CheckStatus.PASS and result.code is None
    return CheckAnswer(
        status=word(result.status),
        time=rfc3339(result.at),
        observedValue=result.duration_ms,
        code=result.code,
        output=None if is_quiet else as_typed(result.detail) or None,
    )
