"""Write a new plugin: the files of `plugins new`, from the specs and the texts in this folder.

`templates/` holds the files, `hooks/NAME.txt` what a hook's function does at first and its test.
"""

from __future__ import annotations

from sst.hooks.tools.scaffold.names import check_hooks, check_name
from sst.hooks.tools.scaffold.plan import NewPlugin, plan_file, plan_package
from sst.hooks.tools.scaffold.writing import write_new

DEFAULT_HOOKS = ("pre_migrate", "notify")
"""What a new plugin implements when nobody says: a gate and an observer."""

__all__ = [
    "DEFAULT_HOOKS",
    "NewPlugin",
    "check_hooks",
    "check_name",
    "plan_file",
    "plan_package",
    "write_new",
]
