"""The application's endpoints: one file for each resource, and its place in `ROUTERS`.

- `sites.py`: places of work
- `workers.py`: people who work there
- `incidents.py`: what happened to them
- `database.py`: one transaction for a request, and what a refused row is to the client
- `fields.py`: the types of bodies and parameters: what fits them fits the database
- `paging.py`: lists, a page at a time
"""

from __future__ import annotations

from app.api import incidents, sites, workers

ROUTERS = (sites.router, workers.router, incidents.router)
"""In the order of `/docs`."""
