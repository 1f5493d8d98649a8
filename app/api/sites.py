"""Sites: places of work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import select

from app.api.database import CONFLICT, NOT_FOUND, PROBLEMS, Database, change, found
from app.api.fields import LEFT_OUT, Answer, Body, Code, Id, Line, UtcMoment
from app.api.paging import Page, Paging, page
from app.models import Site

router = APIRouter(prefix="/sites", tags=["sites"], responses=PROBLEMS)

_CONFLICTS = {"uq_sites_code": "Another site has this code."}


class SiteFilters(Paging):
    """Which sites a list shows."""

    code: Code = LEFT_OUT


class NewSite(Body):
    """A site to create."""

    code: Code
    name: Line = Field(examples=["Planta Bogotá"])


class SiteChange(Body):
    """What becomes different; what is left out stays."""

    code: Code = LEFT_OUT
    name: Line = LEFT_OUT


class SiteAnswer(Answer):
    """A site."""

    code: str
    name: str
    created_at: UtcMoment


@router.get("")
def list_sites(asked: Annotated[SiteFilters, Query()], database: Database) -> Page[SiteAnswer]:
    """List the sites."""
    rows = select(Site).filter_by(**asked.filters())
    with database.begin() as session:
        return page(session, rows, Site.id, asked, SiteAnswer)


@router.post("", status_code=201, responses=CONFLICT)
def create_site(new: NewSite, response: Response, database: Database) -> SiteAnswer:
    """Create a site; `Location` says where it is."""
    with database.begin(_CONFLICTS) as session:
        site = Site(**new.given())
        session.add(site)
        session.flush()
        response.headers["location"] = f"/sites/{site.id}"
        return SiteAnswer.model_validate(site)


@router.get("/{site_id}", responses=NOT_FOUND)
def read_site(site_id: Id, database: Database) -> SiteAnswer:
    """Read one site."""
    with database.begin() as session:
        return SiteAnswer.model_validate(found(session, Site, site_id))


@router.patch("/{site_id}", responses=NOT_FOUND | CONFLICT)
def change_site(site_id: Id, changed: SiteChange, database: Database) -> SiteAnswer:
    """Change a site."""
    with database.begin(_CONFLICTS) as session:
        site = found(session, Site, site_id)
        change(session, site, changed.given())
        return SiteAnswer.model_validate(site)
