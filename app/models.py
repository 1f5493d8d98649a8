"""The tables: a small core of occupational safety, from which autogenerate and `check` compare."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Text,
    func,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Without a convention PostgreSQL invents names, and a revision cannot drop what it cannot name.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}


class Base(DeclarativeBase):
    """The base of every table: stable constraint names, `text`, `bigint` and times with a zone."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        int: BigInteger(),
        str: Text(),
        datetime: DateTime(timezone=True),
    }


class Site(Base):
    """A place of work: a plant, a warehouse, a building site."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Worker(Base):
    """A person who works at a site and may report an incident."""

    __tablename__ = "workers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"), index=True)
    employee_number: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    hired_on: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(server_default=true())


class Incident(Base):
    """Something that hurt, or could have hurt, somebody."""

    __tablename__ = "incidents"
    __table_args__ = (
        CheckConstraint("severity BETWEEN 1 AND 5", name="severity_range"),
        # Not an ENUM: Alembic leaves the type behind on a downgrade (its issue 886).
        CheckConstraint("status IN ('open', 'investigating', 'closed')", name="status_known"),
        Index(None, "site_id", "occurred_at"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    reported_by_id: Mapped[int] = mapped_column(ForeignKey("workers.id"), index=True)
    occurred_at: Mapped[datetime]
    title: Mapped[str]
    description: Mapped[str | None]
    severity: Mapped[int] = mapped_column(SmallInteger)
    """1 is a near miss, 5 a death."""
    status: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
