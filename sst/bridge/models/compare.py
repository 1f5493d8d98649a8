"""Compares the models with the schema, and says each difference in one line."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ARRAY, JSON, MetaData
from sqlalchemy.exc import DBAPIError

from sst.bridge.models.computed_columns import without_warning_of_computed
from sst.bridge.models.differences import described
from sst.bridge.models.ignored_tables import leaving_out
from sst.bridge.models.joined import joined
from sst.bridge.models.uncompared import uncompared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column
    from sqlalchemy.engine import Connection

    from sst.bridge.location.branches import Branch
    from sst.bridge.values.steps import EnvFacts

LEDGER_SCHEMA = "migrator"
"""The schema of our own ledger: never compared, whatever env.py includes."""

_log = logging.getLogger(__name__)
_LITERAL = re.compile(r"^'(?P<body>.*)'(?:::[\w\s\"\[\].]+)?$", re.DOTALL)

# What belongs to one run of env.py and not to a comparison.
_OF_ONE_RUN = frozenset({"fn", "script", "as_sql", "dont_mutate", "output_buffer", "starting_rev"})


def differences(
    connection: Connection, facts: EnvFacts, ignored: Sequence[str] = ()
) -> tuple[str, ...] | None:
    """Return what differs between the models and the schema, a line each; None without models.

    Compared as env.py configured it (`include_object`, `compare_type` and so on), on *connection*.
    Partitions, tables of extensions and those that the patterns *ignored* name are left out.
    Where PostgreSQL cannot compare server defaults, they are left out and a warning is logged.
    *connection* is left outside a transaction.
    """
    if facts.metadata is None:
        return None
    try:
        return _compared(connection, facts, facts.options, ignored)
    except DBAPIError as error:
        if not facts.options.get("compare_server_default"):
            raise
        _log.warning("server defaults are left out of the comparison: %s", error.orig)
        connection.rollback()
        options = {**facts.options, "compare_server_default": False}
        return _compared(connection, facts, options, ignored)
    finally:
        connection.rollback()


def comparing_options(
    options: Mapping[str, Any], branches: Sequence[Branch] = (), schema: str = ""
) -> dict[str, Any]:
    """Return what must replace env.py's *options* so that a comparison is right.

    The ledger's schema is left out, and the models of plugins' *branches* are added. Where one
    *schema* is migrated, of the others only those that a model names are compared.
    """
    models = options.get("target_metadata")
    changed: dict[str, Any] = {}
    if branches and models is not None:
        models = changed["target_metadata"] = joined(as_sequence(models), branches)
    named = _schemas_of(models) if schema else None
    changed["include_name"] = _without_others(options.get("include_name"), named)
    return changed


def compare_json_defaults(context: MigrationContext) -> None:
    """Let *context* compare the defaults of JSON columns here.

    PostgreSQL has no `=` for json, and Alembic asks the server.
    A callable as `compare_server_default` is no way: Alembic then fails on identity columns
    (https://github.com/sqlalchemy/alembic/issues/775).
    """
    plain: Callable[..., object] = context.impl.compare_server_default

    def differs(
        inspected: Column[Any],
        wanted: Column[Any],
        wanted_default: str | None,
        inspected_default: str | None,
    ) -> bool:
        if _holds_json(wanted.type):
            return _literal(inspected_default) != _literal(wanted_default)
        return bool(plain(inspected, wanted, wanted_default, inspected_default))

    context.impl.compare_server_default = differs  # type: ignore[method-assign]


def kept_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a context's *options* that a later comparison needs."""
    return {name: value for name, value in options.items() if name not in _OF_ONE_RUN}


def as_sequence(metadata: MetaData | Sequence[MetaData]) -> tuple[MetaData, ...]:
    """Return env.py's `target_metadata`, which may be one or several, as several."""
    return (metadata,) if isinstance(metadata, MetaData) else tuple(metadata)


def _compared(
    connection: Connection, facts: EnvFacts, options: Mapping[str, Any], ignored: Sequence[str]
) -> tuple[str, ...]:
    context = MigrationContext.configure(connection, opts=dict(options))
    compare_json_defaults(context)
    models = list(facts.metadata or ())
    context.opts.update(leaving_out(context, models, ignored))
    with without_warning_of_computed():
        found = compare_metadata(context, models)  # type: ignore[arg-type]
    lines = (line for each in found for line in described(each))
    return (*lines, *(each.line for each in uncompared(context, models)))


def _schemas_of(models: MetaData | Sequence[MetaData] | None) -> frozenset[str | None]:
    """Return the schemas that tables of *models* name; None is that of the search path."""
    found = as_sequence(models) if models is not None else ()
    return frozenset({None, *(table.schema for each in found for table in each.tables.values())})


def _without_others(
    include_name: Callable[..., bool] | None, named: frozenset[str | None] | None
) -> Callable[..., bool]:
    """Return *include_name* without the ledger's schema, and with no other schema than *named*."""

    def include(name: str | None, kind: str, parents: object) -> bool:
        if kind == "schema" and (name == LEDGER_SCHEMA or (named and name not in named)):
            return False
        return include_name is None or include_name(name, kind, parents)

    return include


def _holds_json(kind: object) -> bool:
    return isinstance(kind.item_type if isinstance(kind, ARRAY) else kind, JSON)


def _literal(default: str | None) -> object:
    """Return the value of `'{}'::json` or `{}`, as it is rendered; other expressions as text."""
    if default is None:
        return None
    match = _LITERAL.match(default.strip())
    body = match["body"].replace("''", "'") if match else default
    try:
        return json.loads(body)
    except ValueError:
        return body
