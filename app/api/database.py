"""One transaction for a request, and what a row that PostgreSQL refuses is to the client.

An endpoint begins its transaction itself. A session that a dependency yields would be held until
the answer is sent: of 100 requests on two connections some then end with 503 (measured).
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sst.web import problem_responses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.models import Base
    from sst.hooks import ApplicationContext

PROBLEMS = problem_responses(
    {503: "The database cannot be reached, has no room, or not the schema of this code."}
)
NOT_FOUND = problem_responses({404: "There is none with this id."})
CONFLICT = problem_responses({409: "It does not fit the rows that there are."})
"""What endpoints say on `/docs` of the answers that come from here."""

Row = TypeVar("Row", bound="Base")


class Transactions:
    """Begin transactions on the application's pool, as its settings size it."""

    def __init__(self, application: ApplicationContext) -> None:
        self._application = application

    @contextmanager
    def begin(self, conflicts: Mapping[str, str] | None = None) -> Iterator[Session]:
        """Yield a session that commits at the end of the block and rolls back on an error.

        Read the rows and build the answer within the block: the connection is taken at the first
        statement and given back at the end, so that it never waits for a client or a thread.
        *conflicts* says by constraint what a 409 tells the client. Temporary errors of the
        database are left to the core: 503 with `Retry-After`.
        """
        try:
            with Session(self._application.engine()) as session, session.begin():
                yield session
        except IntegrityError as error:
            diagnostics = getattr(error.orig, "diag", None)
            detail = (conflicts or {}).get(getattr(diagnostics, "constraint_name", ""))
            if detail is None:
                raise
            raise HTTPException(HTTPStatus.CONFLICT, detail) from error


async def _transactions(request: Request) -> Transactions:
    return Transactions(request.app.state.application)


Database = Annotated[Transactions, Depends(_transactions)]
"""The parameter of an endpoint that needs the database."""


def found(session: Session, table: type[Row], key: int) -> Row:
    """Return the row of *table* with the id *key*, else answer 404."""
    row = session.get(table, key)
    if row is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no {table.__name__.lower()} {key}.")
    return row


def change(session: Session, row: Base, values: Mapping[str, Any]) -> None:
    """Set the columns of *row* that are in *values*, and write those that differ."""
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
