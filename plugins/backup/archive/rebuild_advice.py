"""Remedies for the causes of failed rebuilds, given before a rebuild and after it has failed."""

from __future__ import annotations

import re

_TEMPLATE = (
    "let a superuser create it in a template database (CREATE EXTENSION in template1, for example)"
    " and restore with --template template1; for every rebuild: plugins.backup.rebuild_template"
)
EXTENSION_MISSING = f"install it on the server, or {_TEMPLATE}"
EXTENSION = _TEMPLATE
EXTENSION_WITHIN = "move it into a schema of its own: ALTER EXTENSION {name} SET SCHEMA extensions"
OWNER = (
    "restore with --no-owner (all then belongs to the role of migrations, grants are left out),"
    " or make that role a member: GRANT {owner} TO {role}"
)
ROOM = (
    "restore with --no-owner (all then belongs to the role of migrations, grants are left out),"
    " or restore as a superuser"
)
SUPERUSER = "restore as a superuser (MIGRATION_DATABASE_URL)"
GRANTS = "restore with --no-owner (grants are left out), or as a superuser"
TABLESPACE = "GRANT CREATE ON TABLESPACE {name} TO {role}"
WRAPPER = (
    "restore as a superuser, or from a template database in which the role may use it"
    " (--template, plugins.backup.rebuild_template)"
)
SEARCH_PATH = (
    "give it a search path (ALTER FUNCTION {function} SET search_path = {path}), or restore with"
    " --search-path '{path}'; for every rebuild: plugins.backup.rebuild_search_path"
)
_ANY_OWNER = OWNER.format(owner="...", role="...")

# Messages of PostgreSQL in English, the most specific first.
_ADVICE = (
    (r"permission denied to create extension", EXTENSION),
    (r"extension .* is not available|could not open extension control file", EXTENSION_MISSING),
    (
        r"permission denied to copy database",
        "let its owner mark it: ALTER DATABASE ... IS_TEMPLATE true",
    ),
    (r"template database .* does not exist", "name an existing one: --template"),
    (r"is being accessed by other users", "end the sessions on the template database"),
    (r"must be member of role|must be able to SET ROLE", _ANY_OWNER),
    (r"role .* does not exist", "create that role first"),
    (r"permission denied to change default privileges|set session authorization", GRANTS),
    (r"must be owner of", ROOM),
    (r"permission denied for schema", ROOM),
    (r"permission denied for tablespace", TABLESPACE.format(name="...", role="...")),
    (r"permission denied for foreign-data wrapper", WRAPPER),
    (r"permission denied|[Mm]ust be superuser|only superuser", SUPERUSER),
    (
        r"(function|relation|type|operator|text search) .*does not exist",
        SEARCH_PATH.format(function="...", path="public"),
    ),
)


def advice(reason: str) -> str:
    """Return the remedy when a rebuild fails for *reason*, the server's words; else nothing."""
    return next((remedy for cause, remedy in _ADVICE if re.search(cause, reason)), "")
