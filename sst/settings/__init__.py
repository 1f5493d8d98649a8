"""The settings of a project as code reads them.

- `application_model.py`: the model of the application's own settings, imported and judged
- `checking.py`: settings and plugins as a run needs them, for `config check`
- `in_force.py`: the values in force in this process, and what a test puts over them
- `loading.py`: settings and plugins, bound into one configuration
- `overriding.py`: values with others in their place
- `project_settings.py`: all settings of a project as one typed, frozen object
- `resolving.py`: the URL of a database, as its setting gives it or a plugin makes it

An application writes `settings = project_settings(AppSettings)` and imports it everywhere.
"""

from __future__ import annotations

from sst.settings.project_settings import ProjectSettings, project_settings

__all__ = ["ProjectSettings", "project_settings"]
