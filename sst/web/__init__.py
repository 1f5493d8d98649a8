"""The web application: health, metrics, version, docs, the team's routes and those of plugins.

- `endpoints/`: the core's endpoints, one file each
- `measuring/`: what this process has answered, counted
- `probing/`: the questions behind the endpoints, shared and bounded
- `state_page/`: the page that shows where all stands
- `application.py`: the application, made from the runtime
- `database_errors.py`: which errors of the database pass by themselves; the log of others
- `database_url.py`: what is wrong with DATABASE_URL, said at the start
- `description.py`: the OpenAPI description of errors
- `headers.py`: the security headers of every answer
- `logs.py`: the server's loggers
- `plugin_middleware.py`: middleware of plugins
- `plugin_routers.py`: routes of plugins, under `/plugins/NAME`
- `problems.py`: problem documents (RFC 9457)
- `token.py`: the operations token
"""

from __future__ import annotations

from sst.web.application import create_app
from sst.web.description import problem_responses

__all__ = ["create_app", "problem_responses"]
