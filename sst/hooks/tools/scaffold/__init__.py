"""Write a new plugin: the files of `plugins new`, from the specs and the texts in this folder.

- `hooks/`: the first body of each hook function, and its test
- `templates/`: the files of a new plugin
- `imports.py`: the imports that a generated text needs
- `names.py`: the refusal of names and hooks that a plugin cannot have
- `plan.py`: the files of a new plugin, as values
- `snippets.py`: a hook's function, from `hooks/NAME.txt` and its spec
- `writing.py`: the files on disk, all of them or none
"""

from __future__ import annotations

from sst.hooks.tools.scaffold.names import check_hooks, check_name
from sst.hooks.tools.scaffold.plan import NewPlugin, plan_file, plan_package
from sst.hooks.tools.scaffold.writing import write_new

DEFAULT_HOOKS = ("pre_migrate", "notify")
"""The hooks of a new plugin by default: a gate and an observer."""

__all__ = [
    "DEFAULT_HOOKS",
    "NewPlugin",
    "check_hooks",
    "check_name",
    "plan_file",
    "plan_package",
    "write_new",
]
