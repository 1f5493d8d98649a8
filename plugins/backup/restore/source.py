"""A stored backup as the source of a restore: its rebuild, with the fitting tools."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sst.hooks import ProgressLine

from ..archive.rebuild import compare, rebuild
from ..make.shape import rebuild_jobs_of
from ..postgres.client_programs import find_tools
from ..postgres.database_growth import growing
from ..postgres.maintenance_session import connected
from ..postgres.process import Deadline
from .restore import RestoreOptions, RestoreSource

if TYPE_CHECKING:
    from sst.hooks import DatabaseUrl

    from ..settings import Config
    from ..store.listing import Stored
    from ..store.storage import Storage

_log = logging.getLogger("sst.plugins.backup")
_MAJOR = 10_000


def restore_source_of(
    config: Config, storage: Storage, stored: Stored, options: RestoreOptions
) -> RestoreSource:
    """Return *stored* as the source of a restore; nothing is read yet."""

    def rebuild_it(url: DatabaseUrl) -> None:
        manifest = stored.manifest
        deadline = Deadline(config.timeout_seconds)
        with connected(url) as server:
            maintenance_url, server_major = server.maintenance_url, server.version // _MAJOR
        tools = find_tools(max(server_major, manifest.tool_major), config.pg_bin)
        with storage.opened(stored) as folder:
            _log.info("rebuilding %s beside the live database", manifest.id)
            with growing(
                "rebuilding the database", maintenance_url, url.name, manifest.database_bytes
            ):
                rebuild(
                    folder,
                    manifest,
                    tools,
                    maintenance_url,
                    url.name,
                    deadline,
                    rebuild_jobs_of(config),
                    options=config.rebuild_options.but(
                        no_owner=options.no_owner,
                        search_path=options.search_path,
                        template=options.template,
                    ),
                )
            _log.info("comparing it with the manifest")
            with ProgressLine("comparing it with the manifest"):
                compare(url, manifest, deadline)

    return RestoreSource(
        stored.manifest, stored.backup, rebuild_it, lambda: storage.name_properties(stored)
    )
