"""The advice for a refused connection; before a session exists there is no SQLSTATE."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConnectAdvice:
    """What to do about a refusal."""

    text: str
    is_vain: bool
    """Whether trying again cannot help: a setting, a right or a name is wrong."""


# libpq's and the server's words; the first that fits counts.
_RULES: tuple[tuple[str, str, bool], ...] = (
    (r"password authentication failed", "correct the user or the password of {url}", True),
    (
        r"no password supplied",
        "give {url} a password: in DATABASE_URL, in the file of DATABASE_URL_FILE, or in .pgpass",
        True,
    ),
    (
        r"certificate verify failed|root certificate file",
        (
            "give the server's authority as `?sslrootcert=FILE`, or ask for less with "
            "`?sslmode=require`"
        ),
        True,
    ),
    (
        r"does not support SSL",
        "switch `ssl` on at the server, or leave sslmode out of the URL",
        True,
    ),
    (
        r"no pg_hba\.conf entry.*(?:no encryption|SSL off)",
        (
            "ask for TLS with `?sslmode=require`, or let pg_hba.conf of the server take this "
            "user, database and address"
        ),
        True,
    ),
    (
        r"no pg_hba\.conf entry|pg_hba\.conf rejects",
        "let pg_hba.conf of the server take this user, database and address",
        True,
    ),
    (r'role "(?P<name>[^"]+)" does not exist', "create the role {name}, or correct it", True),
    (
        r'database "(?P<name>[^"]+)" does not exist',
        "create it (`createdb {name}`), or correct the name of the database in {url}",
        True,
    ),
    (
        r'permission denied for database "(?P<name>[^"]+)"',
        "let its owner run `grant connect on database {name}` to the user of {url}",
        True,
    ),
    (r"is not permitted to log in", "let a superuser run `alter role` with login for it", True),
    (
        (
            r"does not exist|invalid dsn|invalid port number|invalid integer value|"
            r"invalid \w+ value: "
        ),
        "correct user, password, host, database name and parameters of {url}",
        True,
    ),
    (
        r"unsupported startup parameter",
        "a pooler takes no options of a connection: let {url} lead to the server itself",
        True,
    ),
    (
        r"could not translate host name|Name or service not known",
        "correct the host in the URL, or the name service of this machine",
        False,
    ),
    (
        r"Connection refused",
        "see that the server is up and listens at that host and port (`listen_addresses`)",
        False,
    ),
    (
        r"No such file or directory",
        "see that the server is up; name a host in the URL where it is another machine",
        False,
    ),
    (
        r"timeout expired|timed out|No route to host|Network is unreachable",
        "see that a firewall lets this machine through, or raise DB_CONNECT_TIMEOUT",
        False,
    ),
    (
        r'too many connections for role "(?P<name>[^"]+)"',
        "let sessions of {name} end, or `alter role {name} connection limit -1`",
        False,
    ),
    (
        r'too many connections for database "(?P<name>[^"]+)"',
        "let sessions of {name} end, or `alter database {name} connection limit -1`",
        False,
    ),
    (
        r"too many clients|remaining connection slots",
        "let sessions end (pg_stat_activity shows them), or raise max_connections",
        False,
    ),
    (
        r"starting up|shutting down|in recovery mode|not yet accepting connections",
        "wait for it: `python migrate.py wait --for database`",
        False,
    ),
)
_OTHERWISE = "check the address and that the server can be reached from here"


def connect_advice(cause: str, url: object) -> ConnectAdvice:
    """Return what to do about *cause*, what libpq said; *url* prints without its password."""
    for pattern, text, is_vain in _RULES:
        if match := re.search(pattern, cause):
            return ConnectAdvice(text.format(url=url, **match.groupdict()), is_vain)
    return ConnectAdvice(_OTHERWISE, is_vain=False)
