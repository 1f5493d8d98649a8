<%!
from json import dumps as quoted
%>\
<% purpose = message[:1].upper() + message[1:].rstrip(".") %>\
"""${purpose}.

Revision ${up_revision}, ${'after ' + comma(down_revision) if down_revision else 'the first'}.
Safe because: say which locks it takes, for how long, and name the page of the PostgreSQL manual.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports + "\n" if imports else ""}
revision: str = ${quoted(up_revision)}
down_revision: str | tuple[str, ...] | None = ${quoted(down_revision) if isinstance(down_revision, str) else repr(down_revision)}
branch_labels: str | tuple[str, ...] | None = ${repr(branch_labels)}
depends_on: str | tuple[str, ...] | None = ${repr(depends_on)}

# Before you commit this file, `python migrate.py lint` judges it, with the code to write instead
# (docs/application-developers/revisions.md, docs/rules/):
# - name it YYYYMMDD_expand_... (runs before the new code) or YYYYMMDD_contract_... (after it);
# - change one busy table per revision, so that a lock is held for one statement only;
# - build and drop an index CONCURRENTLY, in an autocommit block, alone in its revision;
# - add a foreign key or a check NOT VALID, and VALIDATE it in the next revision;
# - fill a column in batches that commit, so that running it again is harmless;
# - set NOT NULL only where a validated check proves it;
# - rename by expand and contract: add, copy, switch the code, drop;
# - import alembic and sqlalchemy, nothing of ours: models change, revisions do not.


def upgrade() -> None:
    """${purpose}."""
    ${upgrades if upgrades else "# op. ..."}


def downgrade() -> None:
    """Undo it; say what cannot come back."""
    ${downgrades if downgrades else "# op. ..."}
