"""Incidents: what hurt, or could have hurt, somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import select

from app.api.database import CONFLICT, NOT_FOUND, PROBLEMS, Database, change, found
from app.api.fields import (
    LEFT_OUT,
    Answer,
    Body,
    Id,
    Line,
    Moment,
    Reference,
    Severity,
    Status,
    Text,
    UtcMoment,
)
from app.api.paging import Page, Paging, page
from app.models import Incident

if TYPE_CHECKING:
    from sqlalchemy import Select

router = APIRouter(prefix="/incidents", tags=["incidents"], responses=PROBLEMS)

_CONFLICTS = {
    "fk_incidents_site_id_sites": "There is no site with this site_id.",
    "fk_incidents_reported_by_id_workers": "There is no worker with this reported_by_id.",
}


class IncidentFilters(Paging):
    """Which incidents a list shows."""

    site_id: Id = LEFT_OUT
    reported_by_id: Id = LEFT_OUT
    status: Status = LEFT_OUT
    occurred_from: Moment = LEFT_OUT
    occurred_before: Moment = LEFT_OUT

    def rows(self) -> Select[Any]:
        """Return the incidents that these filters leave."""
        given = self.filters()
        start, end = given.pop("occurred_from", None), given.pop("occurred_before", None)
        rows = select(Incident).filter_by(**given)
        if start:
            rows = rows.where(Incident.occurred_at >= start)
        return rows.where(Incident.occurred_at < end) if end else rows


class NewIncident(Body):
    """An incident to report."""

    site_id: Reference
    reported_by_id: Reference
    occurred_at: Moment
    title: Line = Field(examples=["Ladder slipped"])
    description: Text | None = Field(None, examples=["Its feet were worn."])
    severity: Severity


class IncidentChange(Body):
    """What becomes different; where it was and who reported it stays as it was reported."""

    occurred_at: Moment = LEFT_OUT
    title: Line = LEFT_OUT
    description: Text | None = None
    severity: Severity = LEFT_OUT
    status: Status = LEFT_OUT


class IncidentAnswer(Answer):
    """An incident."""

    site_id: int
    reported_by_id: int
    occurred_at: UtcMoment
    title: str
    description: str | None
    severity: int
    status: Status
    created_at: UtcMoment


@router.get("")
def list_incidents(
    asked: Annotated[IncidentFilters, Query()], database: Database
) -> Page[IncidentAnswer]:
    """List the incidents."""
    with database.begin() as session:
        return page(session, asked.rows(), Incident.id, asked, IncidentAnswer)


@router.post("", status_code=201, responses=CONFLICT)
def create_incident(new: NewIncident, response: Response, database: Database) -> IncidentAnswer:
    """Report an incident, which is open; `Location` says where it is."""
    with database.begin(_CONFLICTS) as session:
        incident = Incident(**new.given())
        session.add(incident)
        session.flush()
        response.headers["location"] = f"/incidents/{incident.id}"
        return IncidentAnswer.model_validate(incident)


@router.get("/{incident_id}", responses=NOT_FOUND)
def read_incident(incident_id: Id, database: Database) -> IncidentAnswer:
    """Read one incident."""
    with database.begin() as session:
        return IncidentAnswer.model_validate(found(session, Incident, incident_id))


@router.patch("/{incident_id}", responses=NOT_FOUND | CONFLICT)
def change_incident(
    incident_id: Id, changed: IncidentChange, database: Database
) -> IncidentAnswer:
    """Change an incident: what became known of it, and how far it is dealt with."""
    with database.begin(_CONFLICTS) as session:
        incident = found(session, Incident, incident_id)
        change(session, incident, changed.given())
        return IncidentAnswer.model_validate(incident)
