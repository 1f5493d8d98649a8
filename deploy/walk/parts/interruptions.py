"""A migration that is stopped, and a database that dies under a migration and under a backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.walk.parts.backups import PROVEN
from deploy.walk.parts.first_deployment import HEALTH
from deploy.walk.walk import MIGRATE

if TYPE_CHECKING:
    from deploy.walk.walk import Walk

MODELS = "    note: Mapped[str | None]\n"
# How long it takes is a setting of the role, so that one image serves for all of the walk.
REVISION = '''"""Add a column to the table of the walk, slowly.

Revision 9b22334455cc, after 8a11223344aa.
Safe because a column without a default changes the catalog only.
"""

from __future__ import annotations

from alembic import op

revision: str = "9b22334455cc"
down_revision: str | None = "8a11223344aa"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add it."""
    op.execute("ALTER TABLE walk_visits ADD COLUMN note text")
    op.execute("SELECT pg_sleep(coalesce(current_setting('walk.seconds', true), '0')::float8)")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE walk_visits DROP COLUMN note")
'''
_RUN = "sst-walk-run"
# Interrupted, or no connection: a script may run it again.
_TEMPORARY = (1, 75)
_ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
# pg_dump reads sequences while it dumps, and nothing else of a backup does: one that is locked
# stops it in the middle.
_HELD = "walk_held"
_HOLD = f"BEGIN; DROP SEQUENCE {_HELD}; SELECT pg_sleep(3600)"
_DUMP_WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
_COLUMN = (
    "SELECT count(*) FROM information_schema.columns"
    " WHERE table_name = 'walk_visits' AND column_name = 'note'"
)


def walk_interruptions(walk: Walk) -> None:
    """Interrupt the same migration twice and a backup once; then it goes through."""
    walk.tally.part("SIGTERM during a migration")
    walk.checkout.release(walk.shell, "20261002_walk", MODELS, REVISION)
    walk.step(
        "git pull -q && GIT_COMMIT=$(git rev-parse HEAD) docker compose build app"
        " && docker tag sst-platform:local sst-platform:$(git rev-parse HEAD)"
    )
    role = walk.output(walk.sql("migrate", "SELECT current_user"))
    slow = walk.sql("db", f"ALTER ROLE {role} SET walk.seconds = '3600'")
    walk.step(slow, "the next migration takes an hour")
    _start(walk, "upgrade", _ASLEEP)
    walk.step(f"docker stop {_RUN}", "the migration is stopped")
    _ends(walk, (143,), "rolled back")
    _nothing_is_applied(walk)
    _kill_under_a_migration(walk)
    _kill_under_a_backup(walk)
    _go_through(walk, role)


def _kill_under_a_migration(walk: Walk) -> None:
    walk.tally.part("The database is killed during a migration")
    _start(walk, "upgrade", _ASLEEP)
    walk.step("docker compose kill db")
    _ends(walk, _TEMPORARY, "connection")
    _start_database(walk)
    _nothing_is_applied(walk)


def _kill_under_a_backup(walk: Walk) -> None:
    walk.tally.part("The database is killed during a backup")
    walk.step(walk.sql("migrate", f"CREATE SEQUENCE {_HELD}"), "a sequence")
    hold = walk.sql("db", _HOLD).replace("exec -T", "exec -d")
    walk.step(hold, "a session holds it")
    walk.appears(walk.sql("db", _ASLEEP), "^[1-9]")
    _start(walk, "backup create", _DUMP_WAITS)
    walk.step("docker compose kill db")
    _ends(walk, (*_TEMPORARY, 5), "connection")
    _start_database(walk)
    walk.step(walk.sql("migrate", f"DROP SEQUENCE {_HELD}"), "the sequence is no longer held")
    walk.step(f"{MIGRATE} backup verify latest --level restore", shows=PROVEN)


def _go_through(walk: Walk, role: str) -> None:
    walk.tally.part("What was interrupted goes through")
    quick = walk.sql("db", f"ALTER ROLE {role} RESET walk.seconds")
    walk.step(quick, "the next migration takes no time")
    walk.step(f"{MIGRATE} upgrade", shows="9b22334455cc")
    walk.step(walk.sql("db", _COLUMN), "the column is there", shows="^1$")
    walk.step("docker compose up -d --wait app")
    walk.step("docker compose exec -T app python migrate.py check", shows="up_to_date")


def _start(walk: Walk, command: str, condition: str) -> None:
    """Start *command* in the background; return when the *condition* in SQL counts something."""
    walk.step(
        f"docker compose run -d --name {_RUN} migrate {command}", f"in the background: {command}"
    )
    begun = walk.appears(walk.sql("db", condition), "^[1-9]")
    fault = "" if begun else walk.output(f"docker logs {_RUN}")
    walk.tally.record(f"{command} is in the middle", fault)


def _ends(walk: Walk, codes: tuple[int, ...], said: str) -> None:
    """Judge the end of what runs in the background, and remove its container."""
    claim = f"it ends with {' or '.join(map(str, codes))}"
    one_of = "|".join(map(str, codes))
    walk.step(f"timeout 300 docker wait {_RUN}", claim, shows=f"^({one_of})$")
    walk.step(f"docker logs {_RUN}", "it says so", shows=said, hides="Traceback")
    walk.output(f"docker rm --force {_RUN}")


def _nothing_is_applied(walk: Walk) -> None:
    walk.step(walk.sql("db", _COLUMN), "nothing of it is in the database", shows="^0$")
    walk.step(f"{MIGRATE} check", exits=3, shows=r"pending\W+9b22334455cc")


def _start_database(walk: Walk) -> None:
    walk.step("docker compose up -d --wait db")
    health = f"{HEALTH} --retry 60 --retry-delay 1 --retry-all-errors"
    # A run that was cut off is a warning there, until the next one has ended well.
    came_back = '"status":"(pass|warn)"'
    walk.step(health, "the application has come back by itself", shows=came_back)
