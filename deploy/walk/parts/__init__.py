"""The parts of the walk, each one function, in the order of `PARTS`.

- `first_deployment.py`: from nothing to a proxy in front; the image; the removal of all of it
- `confinement.py`: limits, rights and networks of the containers
- `production.py`: a second release; settings of one's own
- `roles.py`: what the application's role may do; a new password
- `backups.py`: backups and restores
- `interruptions.py`: SIGTERM, and a database that dies
- `rollback.py`: the way back
- `secrecy.py`: secrets, in all that others can read
- `slow_start.py`: a database that is late
- `from_one_role.py`: a deployment from before it had three roles
- `next_major.py`: the next PostgreSQL
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.parts.backups import walk_backups
from deploy.walk.parts.confinement import walk_confinement
from deploy.walk.parts.first_deployment import walk_first_deployment, walk_image, walk_removal
from deploy.walk.parts.from_one_role import walk_from_one_role
from deploy.walk.parts.interruptions import walk_interruptions
from deploy.walk.parts.production import walk_production, walk_settings_file
from deploy.walk.parts.roles import walk_new_password, walk_roles
from deploy.walk.parts.rollback import walk_rollback
from deploy.walk.parts.secrecy import walk_secrecy
from deploy.walk.parts.slow_start import walk_slow_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.walk.walk import Walk

PARTS: tuple[Callable[[Walk], None], ...] = (
    walk_first_deployment,
    walk_image,
    walk_confinement,
    walk_production,
    walk_roles,
    walk_new_password,
    walk_backups,
    walk_settings_file,
    walk_interruptions,
    walk_rollback,
    walk_secrecy,  # once every log has seen all that can go wrong
    walk_slow_start,
    walk_removal,
    walk_from_one_role,
)
