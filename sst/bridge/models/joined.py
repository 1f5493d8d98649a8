"""The models of the project and of its plugins as one, so that tables may refer to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sst.bridge.location.branches import Branch

_OWNER = "sst_branch"


def joined(own: Sequence[MetaData], branches: Sequence[Branch]) -> list[MetaData]:
    """Return the project's *own* models with those of *branches*.

    A foreign key is found within one `MetaData` only, so the tables are copied into one.
    Where a plugin names a table of the project, to refer to it, the project's own words count.
    Raises `ConfigError` when two plugins have a table of the same name.
    """
    with_models = [branch for branch in branches if branch.metadata]
    if not with_models:
        return list(own)
    whole = MetaData()
    for metadata in own:
        _copy(metadata, whole)
    owners = dict.fromkeys(whole.tables, "")
    problems = [problem for each in with_models for problem in _add(each, whole, owners)]
    if problems:
        raise ConfigError(problems)
    return [whole]


def owners_of(models: Sequence[MetaData]) -> dict[str, str]:
    """Return the label of the branch that owns each table in joined *models*, by its key.

    A table of the project's own is not among them.
    """
    tables = (table for metadata in models for table in metadata.tables.values())
    return {table.key: table.info[_OWNER] for table in tables if _OWNER in table.info}


def _add(branch: Branch, whole: MetaData, owners: dict[str, str]) -> list[Problem]:
    problems = []
    for metadata in branch.metadata:
        for key, table in metadata.tables.items():
            owner = owners.setdefault(key, branch.plugin)
            if owner not in ("", branch.plugin):
                hint = "two plugins cannot own one table: rename it, or disable one of them"
                what = f"the table {key} is one of the plugin {owner} as well"
                problems.append(Problem(f"plugin {branch.plugin}", what, hint=hint))
            elif key not in whole.tables:
                table.to_metadata(whole).info[_OWNER] = branch.label
    return problems


def _copy(metadata: MetaData, whole: MetaData) -> None:
    for table in metadata.tables.values():
        if table.key not in whole.tables:
            table.to_metadata(whole)
