"""The tables of this plugin, from which autogenerate and `check` compare."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
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
    """A metadata of its own: the plugin's tables are not the application's."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar = {
        int: BigInteger(),
        str: Text(),
        datetime: DateTime(timezone=True),
    }


# The application's table, named here only to be referred to: its own models say what it is.
SITES = Table("sites", Base.metadata, Column("id", BigInteger, primary_key=True))


class IncidentReport(Base):
    """What somebody has seen, in his own words; the site may come later."""

    __tablename__ = "incident_reports"
    __table_args__ = (CheckConstraint("severity BETWEEN 1 AND 5", name="severity_range"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey(SITES.c.id), index=True)
    title: Mapped[str]
    severity: Mapped[int] = mapped_column(SmallInteger)
    """1 is a near miss, 5 a death."""
    reported_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IncidentAction(Base):
    """What is done so that it does not happen again."""

    __tablename__ = "incident_actions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey(IncidentReport.id), index=True)
    what: Mapped[str]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
