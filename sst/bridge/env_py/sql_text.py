"""The text of a step's SQL: run by hand, it does what the step does.

Left to itself, Alembic's offline mode doubles percent signs for a driver that does not get the
text, writes four blanks for a tab inside a value, and leaves values out where env.py wants that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alembic.runtime.migration import MigrationContext

# From Unicode's private use area: no character of anybody's text.
_TAB = "\uf809"
_POSITIONAL = ("connection", "url", "dialect_name", "dialect_opts")


def offline_options(args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what env.py gave to `context.configure` so that every value is in the text."""
    given = {**dict(zip(_POSITIONAL, args, strict=False)), **options}
    # A dialect of its own: that of a connection writes what its driver reads.
    if connection := given.pop("connection", None):
        name = f"{connection.dialect.name}+{connection.dialect.driver}"
        given["url"] = make_url(f"{name}://")
    given["dialect_opts"] = {**(given.get("dialect_opts") or {}), "paramstyle": "named"}
    return {**given, "literal_binds": True}


def keep_characters(context: MigrationContext) -> None:
    """Let backslashes and tabs be in the text as they are in the values; see `as_written`."""
    dialect: Any = context.dialect
    dialect._backslash_escapes = False  # noqa: SLF001 - True until a connection is asked, in 2.0
    for name in ("statement_compiler", "ddl_compiler"):
        compiler = getattr(dialect, name)
        setattr(dialect, name, type(compiler.__name__, (_KeepsTabs, compiler), {}))


def as_written(text: str) -> str:
    """Return offline SQL with its tabs."""
    return text.replace(_TAB, "\t")


class _KeepsTabs:
    """A compiler whose tabs Alembic does not see."""

    def __str__(self) -> str:
        return super().__str__().replace("\t", _TAB)
