"""Workers: people who work at a site and may report an incident."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import select

from app.api.database import CONFLICT, NOT_FOUND, PROBLEMS, Database, change, found
from app.api.fields import LEFT_OUT, Answer, Body, Code, Day, Flag, Id, Line, Reference, Truth
from app.api.paging import Page, Paging, page
from app.models import Worker

router = APIRouter(prefix="/workers", tags=["workers"], responses=PROBLEMS)

_CONFLICTS = {
    "uq_workers_employee_number": "Another worker has this employee number.",
    "fk_workers_site_id_sites": "There is no site with this site_id.",
}


class WorkerFilters(Paging):
    """Which workers a list shows."""

    site_id: Id = LEFT_OUT
    employee_number: Code = LEFT_OUT
    is_active: Truth = LEFT_OUT


class NewWorker(Body):
    """A worker to create."""

    site_id: Reference
    employee_number: Code = Field(examples=["1001"])
    full_name: Line = Field(examples=["Ana Ruiz"])
    hired_on: Day | None = None


class WorkerChange(Body):
    """What becomes different; what is left out stays."""

    site_id: Reference = LEFT_OUT
    employee_number: Code = LEFT_OUT
    full_name: Line = LEFT_OUT
    hired_on: Day | None = None
    is_active: Flag = LEFT_OUT


class WorkerAnswer(Answer):
    """A worker."""

    site_id: int
    employee_number: str
    full_name: str
    hired_on: date | None
    is_active: bool


@router.get("")
def list_workers(
    asked: Annotated[WorkerFilters, Query()], database: Database
) -> Page[WorkerAnswer]:
    """List the workers."""
    rows = select(Worker).filter_by(**asked.filters())
    with database.begin() as session:
        return page(session, rows, Worker.id, asked, WorkerAnswer)


@router.post("", status_code=201, responses=CONFLICT)
def create_worker(new: NewWorker, response: Response, database: Database) -> WorkerAnswer:
    """Create a worker, who is active; `Location` says where it is."""
    with database.begin(_CONFLICTS) as session:
        worker = Worker(**new.given())
        session.add(worker)
        session.flush()
        response.headers["location"] = f"/workers/{worker.id}"
        return WorkerAnswer.model_validate(worker)


@router.get("/{worker_id}", responses=NOT_FOUND)
def read_worker(worker_id: Id, database: Database) -> WorkerAnswer:
    """Read one worker."""
    with database.begin() as session:
        return WorkerAnswer.model_validate(found(session, Worker, worker_id))


@router.patch("/{worker_id}", responses=NOT_FOUND | CONFLICT)
def change_worker(worker_id: Id, changed: WorkerChange, database: Database) -> WorkerAnswer:
    """Change a worker; somebody who leaves becomes inactive, and stays in the register."""
    with database.begin(_CONFLICTS) as session:
        worker = found(session, Worker, worker_id)
        change(session, worker, changed.given())
        return WorkerAnswer.model_validate(worker)
