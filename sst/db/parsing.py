"""Reading a PostgreSQL URL: what people write, in the one form that SQLAlchemy understands."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sst.errors import ConfigError, Problem

_SCHEMES = frozenset({"postgres", "postgresql"})
_EXAMPLE = "postgresql://user@host:5432/name"
_ENCODE = "write special characters in the password percent-encoded: @ is %40, : is %3A, / is %2F"
_ONE_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d*))?")

# libpq and psycopg2 accept these in the query as well, where they beat the URL's own fields.
_FIELDS = {"user": "username", "password": "password", "dbname": "database"}


def parse(text: str, setting: str) -> URL:
    """Return *text* as a URL whose scheme is `postgresql` or `postgresql+DRIVER`.

    Raises `ConfigError` naming *setting*; its message never holds a part of *text* that could be
    a password.
    """
    scheme, separator, rest = text.strip().partition("://")
    name, plus, driver = scheme.partition("+")
    if not separator:
        raise _refused(setting, "is not a database URL", _EXAMPLE)
    if name.lower() not in _SCHEMES:
        what = f"names the database {name!r}; only PostgreSQL is supported"
        raise _refused(setting, what, f"use {_EXAMPLE}")
    if rest.count("@") > 1 or "\0" in unquote(rest):
        # With a raw @ in it, the end of the password would be taken, and printed, as the host.
        raise _refused(setting, "is not a database URL that can be read", _ENCODE)
    return _absorb_fields(_make(f"postgresql{plus}{driver}://{_spell_hosts(rest)}", setting))


def spelled_password(text: str) -> str:
    """Return the password as *text* spells it, percent signs and all; empty without one."""
    found = re.match(r"\s*[^:/]*://[^:/@]*:([^@]*)@", text)
    return found[1] if found else ""


def _make(text: str, setting: str) -> URL:
    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        # The cause's text can hold the URL: it is dropped on purpose.
        pass
    raise _refused(setting, "is not a database URL that can be read", _ENCODE)


def _spell_hosts(rest: str) -> str:
    """Move libpq's `h1:1,h2:2` and `%2Fsocket%2Ffolder` to the query, where SQLAlchemy looks."""
    login, at, place = rest.rpartition("@")
    hosts, tail = _split_hosts(place)
    if "," not in hosts and not hosts.lower().startswith("%2f"):
        return rest
    found = [_ONE_HOST.fullmatch(host) for host in hosts.split(",")]
    if None in found:
        return rest
    names = ",".join((one["ipv6"] or unquote(one["name"] or "")) for one in found if one)
    ports = ",".join((one["port"] or "") for one in found if one)
    query = f"host={quote(names, safe=',')}"
    query += f"&port={ports}" if ports.strip(",") else ""
    return f"{login}{at}{tail}{'&' if '?' in tail else '?'}{query}"


def _split_hosts(place: str) -> tuple[str, str]:
    end = re.search(r"[/?]|$", place)
    at = end.start() if end else len(place)
    return place[:at], place[at:]


def _absorb_fields(url: URL) -> URL:
    given = {key: str(url.query[key]) for key in _FIELDS if key in url.query}
    changed = url.difference_update_query(given)
    return changed.set(**{_FIELDS[key]: value for key, value in given.items()})  # type: ignore[arg-type]


def _refused(setting: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(setting, what, hint=hint)])
