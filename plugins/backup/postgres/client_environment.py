"""The environment of a PostgreSQL client program: clean; the password passes only here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.hooks import DatabaseUrl

# Variables to start a program, to find ~/.pgpass and ~/.postgresql, and to use TLS or Kerberos.
_BASE = ("PATH", "HOME", "LD_LIBRARY_PATH", "KRB5CCNAME", "KRB5_CONFIG", "KRB5_CLIENT_KTNAME")
_TLS = ("OPENSSL_CONF", "SSL_CERT_FILE", "SSL_CERT_DIR")

# These change what a dump holds or how it is shown, not where it comes from.
_UNWANTED = frozenset({"PGCLIENTENCODING", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGAPPNAME"})

APPLICATION_NAME = "sst-backup"
_WATCH = "-c client_connection_check_interval=500"


def client_environment(
    url: DatabaseUrl,
    inherited: Mapping[str, str] = os.environ,
    *,
    watched: bool = False,
    options: str = "",
) -> dict[str, str]:
    """Return the variables for a client program that connects to *url*.

    With *watched* the server ends the program's session soon after the program is gone, also when
    that waits for a lock; not every server can (PostgreSQL manual, 20.3.2). *options* are more
    settings of its sessions, such as `-c work_mem=64MB`.

    Our own connection is libpq's too: what the URL leaves open it takes from PGSSLROOTCERT,
    PGPASSFILE, PGSERVICE and the like. The program must reach the same server in the same way, so
    it inherits these; what the URL says wins, and everything else in *inherited* stays out.
    """
    connecting = {
        name: value
        for name, value in inherited.items()
        if name.startswith("PG") and not name.startswith("PG_")
    }
    variables = {**plain_environment(inherited), **connecting, **url.libpq_environment()}
    passed = {name: value for name, value in variables.items() if name not in _UNWANTED}
    wanted = " ".join(filter(None, [_WATCH if watched else "", options, passed.get("PGOPTIONS")]))
    if wanted:
        passed["PGOPTIONS"] = wanted
    return {**passed, "PGAPPNAME": APPLICATION_NAME}


def plain_environment(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables for a program that connects to nothing; messages are in English."""
    base = {name: inherited[name] for name in (*_BASE, *_TLS) if name in inherited}
    return {**base, "LC_ALL": "C"}
