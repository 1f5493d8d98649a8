"""The names of the targets that files list: read as texts, no server and no plugin is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sst.cli.completing import settings_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def target_names(root: Path) -> list[str]:
    """Return the names in `migrate.targets.list`, and in the file of the targets, sorted.

    Raises what a file that cannot be read raises.
    """
    listed: object = ()
    for table in settings_text.tables(root):
        listed = _in(table, "migrate", "targets").get("list", listed)
    entries = listed if isinstance(listed, list) else []
    found = [each.get("name") for each in entries if isinstance(each, dict)]
    file = settings_text.setting(root, "migrate", "targets", "file")
    return sorted(
        {str(name) for name in (*found, *(_names_in(root / file) if file else ())) if name}
    )


def _names_in(path: Path) -> Iterator[str]:
    if path.suffix.lower() == ".toml":
        import tomllib

        yield from tomllib.loads(path.read_text(encoding="utf-8-sig"))
    elif path.suffix.lower() == ".csv":
        import csv

        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from (row.get("name") or "" for row in csv.DictReader(file))


def _in(table: Any, *path: str) -> dict[str, Any]:  # noqa: ANN401 - what a file holds
    for part in path:
        table = {str(key).lower(): value for key, value in table.items()}.get(part, {})
        if not isinstance(table, dict):
            return {}
    return dict(table)
