"""What commands import as they need it, imported before the first of them is forked."""

from __future__ import annotations

import gc
from importlib import import_module
from pkgutil import walk_packages

from sst import bridge, cli, db, kept, migrator

for _package in (bridge, cli, db, kept, migrator):
    for _module in walk_packages(_package.__path__, f"{_package.__name__}."):
        import_module(_module.name)
# A collection in a fork would go through all of it, and by that copy its memory.
gc.collect()
gc.freeze()
