"""One Alembic project's place and options, and the `Config` built from them for each run."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config

from sst.bridge.location.paths import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from sst.bridge.location.branches import Branch
    from sst.db.url import DatabaseUrl

HOOKS_SECTION = "post_write_hooks"


@dataclass(frozen=True, slots=True)
class Location:
    """One Alembic project; every path is absolute, or a `package:folder`."""

    script_location: str
    version_locations: tuple[str, ...] = ()
    """Empty for the folder `versions` beside `env.py`."""
    sys_path: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    """Other options of the main section, as they are meant: nothing escaped."""
    hooks: tuple[tuple[str, str], ...] = ()
    """Options of `[post_write_hooks]` that come from a pyproject.toml."""
    ini: Path | None = None
    section: str = "alembic"
    x: tuple[str, ...] = ()
    """The answer of `context.get_x_argument()` in env.py, each a `key=value` as a rule."""

    @property
    def name(self) -> str:
        """The project as a message names it: relative to the working folder where it can be."""
        return shown(self.script_location)

    @property
    def own_versions(self) -> tuple[str, ...]:
        """The version folders without those of plugins."""
        return self.version_locations or (str(Path(self.script_location, "versions")),)

    @property
    def files(self) -> tuple[Path, ...]:
        """The ini file, and env.py, which may be one of a package."""
        return (*((self.ini,) if self.ini else ()), Path(self.script_location, "env.py"))

    def with_folders(self, branches: Sequence[Branch]) -> Location:
        """Return the location with the version folders of plugins added."""
        if not branches:
            return self
        folders = (str(each.path) for each in branches)
        return replace(self, version_locations=(*self.own_versions, *folders))

    def prepend_sys_path(self) -> None:
        """Put the project's folders first on `sys.path`, once per process."""
        for folder in reversed(self.sys_path):
            if folder not in sys.path:
                sys.path.insert(0, folder)

    def config(
        self, url: DatabaseUrl | None = None, connection: Connection | None = None
    ) -> Config:
        """Return a fresh `Config`: a run leaves nothing behind for the next, least a password.

        *url* becomes `sqlalchemy.url` and `attributes["database_url"]`, password included, and
        its schema, empty for the whole database, `attributes["schema"]`;
        *connection* becomes `attributes["connection"]`.
        """
        config = self._bare_config()
        if url is not None:
            text = url.for_project().render_as_string(hide_password=False)
            _set(config, {"sqlalchemy.url": text})
            config.attributes["database_url"] = text
            config.attributes["schema"] = url.schema
        if connection is not None:
            config.attributes["connection"] = connection
        return config

    def _bare_config(self) -> Config:
        ini = str(self.ini) if self.ini else None
        # Without it, as without a command line of Alembic's: env.py may look whether there is one.
        options = Namespace(x=list(self.x)) if self.x else None
        config = Config(ini, ini_section=self.section, stdout=sys.stderr, cmd_opts=options)
        _set(config, self._main_options())
        for name, value in self.hooks:
            config.set_section_option(HOOKS_SECTION, name, _escaped(value))
        return config

    def _main_options(self) -> Mapping[str, str]:
        options = {**dict(self.options), "script_location": self.script_location}
        # Alembic 1.13 splits `prepend_sys_path` at every blank and colon: it is done here instead.
        options["prepend_sys_path"] = ""
        if self.version_locations:
            # 1.13 reads the second name of the separator, 1.16 and later the first.
            options |= {"path_separator": "os", "version_path_separator": "os"}
            options["version_locations"] = os.pathsep.join(self.version_locations)
        return options


def _set(config: Config, options: Mapping[str, str]) -> None:
    for name, value in options.items():
        config.set_main_option(name, _escaped(value))


def _escaped(value: str) -> str:
    # ConfigParser interpolates: a percent sign of a password would be an error.
    return value.replace("%", "%%")
