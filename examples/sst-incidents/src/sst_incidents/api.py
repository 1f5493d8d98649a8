"""The routes: report an incident, list what was reported, say where it happened."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from sst_incidents.models import SITES, IncidentReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr
    from sqlalchemy.engine import Engine


class NewReport(BaseModel):
    """What somebody has seen."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    severity: int = Field(ge=1, le=5, description="1 is a near miss, 5 a death.")
    site_id: int | None = None


class Report(BaseModel):
    """A report, as it is kept."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    severity: int
    site_id: int | None
    reported_at: datetime


def router(engine: Callable[[], Engine], token: SecretStr | None, listed: int) -> APIRouter:
    """Return the routes on *engine*, the application's, which is first asked for by a request.

    They ask for *token* when there is one; an answer lists at most *listed* reports.
    """
    routes = APIRouter(dependencies=[Depends(_asking_for(token))] if token else [])

    @routes.get("/reports")
    def list_reports(
        *, without_site: bool = False, limit: Annotated[int, Query(ge=1)] = listed
    ) -> list[Report]:
        """List the newest reports first."""
        wanted = (
            select(IncidentReport).order_by(IncidentReport.id.desc()).limit(min(limit, listed))
        )
        if without_site:
            wanted = wanted.where(IncidentReport.site_id.is_(None))
        with Session(engine()) as session:
            return [Report.model_validate(each) for each in session.scalars(wanted)]

    @routes.post("/reports", status_code=status.HTTP_201_CREATED)
    def report(new: NewReport) -> Report:
        """Keep a report."""
        with Session(engine()) as session, session.begin():
            _require_site(session, new.site_id)
            kept = IncidentReport(**new.model_dump())
            session.add(kept)
            session.flush()
            return Report.model_validate(kept)

    @routes.put("/reports/{report_id}/site/{site_id}")
    def place(report_id: int, site_id: int) -> Report:
        """Say at which site it happened."""
        with Session(engine()) as session, session.begin():
            kept = session.get(IncidentReport, report_id)
            if kept is None:
                raise _not_found(f"there is no report {report_id}")
            _require_site(session, site_id)
            kept.site_id = site_id
            session.flush()
            return Report.model_validate(kept)

    return routes


def _require_site(session: Session, site_id: int | None) -> None:
    if site_id is not None and not session.scalar(select(SITES.c.id).where(SITES.c.id == site_id)):
        raise _not_found(f"there is no site {site_id}")


def _not_found(detail: str) -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, detail)


def _asking_for(token: SecretStr) -> Callable[[str], None]:
    wanted = f"Bearer {token.get_secret_value()}".encode()

    def check(authorization: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(authorization.encode(), wanted):
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "a token is needed", headers)

    return check
