"""Lists, a page at a time: by id, so that a page costs the same wherever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, Field

from app.api.fields import LARGEST_ID, Answer, Body
from app.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

Item = TypeVar("Item", bound=Answer)


class Paging(Body):
    """The parameters of every list; a resource adds its filters, with the names of columns."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = Field(
        0, description="`next` of the page before; 0 is the beginning."
    )
    limit: Annotated[int, Field(ge=1, le=100)] = Field(
        default_factory=lambda: settings.app.page_size,
        description="Rows on a page; without it the setting `app.page_size`.",
    )

    def filters(self) -> dict[str, Any]:
        """Return the filters that the client has sent."""
        return self.model_dump(exclude_unset=True, exclude={"after", "limit"})


class Page(BaseModel, Generic[Item]):
    """Some rows in the order of their ids."""

    items: list[Item]
    next: int | None = Field(description="`after` of the next page; null on the last one.")


def page(
    session: Session,
    rows: Select[Any],
    key: InstrumentedAttribute[int],
    asked: Paging,
    item: type[Item],
) -> Page[Item]:
    """Return those of *rows*, each as *item*, that are on the page *asked* for by their *key*."""
    # One more than is shown: whether there is a next page.
    window = rows.where(key > asked.after).order_by(key).limit(asked.limit + 1)
    items = [item.model_validate(row) for row in session.scalars(window)]
    shown = items[: asked.limit]
    return Page[Item](items=shown, next=shown[-1].id if len(items) > asked.limit else None)
