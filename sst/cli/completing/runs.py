"""Runs on record, from the database if it answers at once; an embedded one is not started."""

from __future__ import annotations

import os
import re
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from sst.cli.call.invocation import Invocation
from sst.cli.completing.settings_text import setting
from sst.within import within

if TYPE_CHECKING:
    import click

LATEST = "latest"
_PATIENCE_SECONDS = 1.0
_URLS = ("MIGRATION_DATABASE_URL", "DATABASE_URL")
_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")
_NEWEST = """
    select id, command || ' ' || target || ': ' || outcome from migrator.run
     order by started_at desc limit 50
"""


def run_ids(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the id of a run, newest first; `latest` where the database does not answer."""
    items = [CompletionItem(LATEST)]
    invocation = ctx.find_object(Invocation)
    url = _url(invocation.root_or_here) if invocation else ""
    if url:
        try:
            found = within(_PATIENCE_SECONDS, lambda: _newest(url))
        except Exception:  # noqa: BLE001 - whatever the server says, the line goes on
            found = []
        items += [CompletionItem(run, help=text) for run, text in found]
    return [item for item in items if str(item.value).startswith(incomplete)]


def _url(root: Path) -> str:
    """Return the URL for libpq; nothing where the settings' texts have none for it."""
    for name in _URLS:
        file = os.environ.get(f"{name}_FILE")
        text = setting(root, name) or (Path(file).read_text(encoding="utf-8") if file else "")
        if _SCHEME.match(text):
            return _SCHEME.sub("postgresql://", text.strip())
    return ""


def _newest(url: str) -> list[tuple[str, str]]:
    import psycopg2

    with (
        closing(psycopg2.connect(url, connect_timeout=2, application_name="sst")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("set statement_timeout = 900")
        cursor.execute(_NEWEST)
        return [(run, text) for run, text in cursor.fetchall()]
