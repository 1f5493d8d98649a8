"""Every hook: its call, its arguments, its result, and the meaning of raising.

- `contributions.py`: hooks that add values, a server, checks, commands, routes
- `runs.py`: hooks of a run: gates, surroundings, observers

These docstrings become `docs/plugin-authors/hooks.md`: a hook is its entry here and its call.
"""

from __future__ import annotations

from sst.hooks.contract.modes import MODES, REVERSED, Mode
from sst.hooks.contract.specs.contributions import (
    config_values,
    copy_schema,
    judge,
    list_targets,
    register_checks,
    register_commands,
    register_engines,
    register_middleware,
    register_migrations,
    register_routers,
    resolve_database_url,
)
from sst.hooks.contract.specs.runs import (
    around_migrate,
    in_revision,
    migrate_failed,
    notify,
    post_backup,
    post_migrate,
    post_revision,
    pre_migrate,
    pre_revision,
    restore_backup,
    review_plan,
)

__all__ = [
    "MODES",
    "REVERSED",
    "Mode",
    "around_migrate",
    "config_values",
    "copy_schema",
    "in_revision",
    "judge",
    "list_targets",
    "migrate_failed",
    "notify",
    "post_backup",
    "post_migrate",
    "post_revision",
    "pre_migrate",
    "pre_revision",
    "register_checks",
    "register_commands",
    "register_engines",
    "register_middleware",
    "register_migrations",
    "register_routers",
    "resolve_database_url",
    "restore_backup",
    "review_plan",
]
