"""The server that a backup is of: two servers may share a folder, a name and an environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sst.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import DatabaseUrl

    from .manifest import Manifest

_ABOUT = """
SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
       current_setting('cluster_name', true)
"""
_NUMBER = "SELECT CAST(system_identifier AS text) FROM pg_catalog.pg_control_system()"
_DEFAULT_PORT = "5432"
FLAG = "--from-another-server"
_GRANT = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO the role of migrations"

UNKNOWN = f"this role may not read the server's system identifier; {_GRANT}"


@dataclass(frozen=True, slots=True)
class Origin:
    """A server, as a backup knows it."""

    system_identifier: str | None
    """The number from initdb, the same on its standbys; None when this role may not read it."""
    cluster: str
    """Its name: its `cluster_name`, else its host and port."""

    def made(self, manifest: Manifest) -> bool:
        """Say whether the backup is of this server; no when that is not known."""
        number = self.system_identifier
        return number is not None and number == manifest.system_identifier

    def require_own(self, manifest: Manifest) -> None:
        """Raise `Veto` (code `backup_of_another_server`) unless the backup is of this server."""
        if self.made(manifest):
            return
        hint = f"add {FLAG} when it is the one you mean"
        raise Veto(
            f"backup {manifest.id} {self.difference(manifest)}",
            hint if self.system_identifier else f"{_GRANT}, or {hint}",
            code="backup_of_another_server",
        )

    def difference(self, manifest: Manifest) -> str:
        """Return why the backup is not known to be of this server; its subject is the backup."""
        if manifest.system_identifier is None:
            return "names no server: it was made before manifests had one"
        if self.system_identifier is None:
            return (
                f"is of {manifest.cluster}, and this role may not read whether that is this server"
            )
        return f"is of another server, {manifest.cluster}; this one is {self.cluster}"


def read_origin(fetch: Callable[[str], list[tuple[Any, ...]]], url: DatabaseUrl) -> Origin:
    """Return the server that *fetch* asks; *url* is its address."""
    [(may_ask, cluster)] = fetch(_ABOUT)
    number = str(fetch(_NUMBER)[0][0]) if may_ask else None
    port = url.libpq_environment().get("PGPORT", _DEFAULT_PORT)
    return Origin(number, cluster or f"{url.host or 'local'}:{port}")


def unknown_to_retention(origin: Origin) -> str:
    """Return why nothing is pruned on a server of unknown identity; an empty text when known."""
    if origin.system_identifier is not None:
        return ""
    return f"nothing was pruned: {UNKNOWN}"
