"""Reading a PostgreSQL URL: what people write, in the parts that SQLAlchemy would find in it.

SQLAlchemy itself is not imported for it: that takes longer than all else of a short command.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from sst.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Query = Mapping[str, str | tuple[str, ...]]

_SCHEMES = frozenset({"postgres", "postgresql"})
_OPTIONS = "options"
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_EXAMPLE = "postgresql://user@host:5432/name"
_ENCODE = "write special characters in the password percent-encoded: @ is %40, : is %3A, / is %2F"
_ONE_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:\[\]]*))(?::(?P<port>\d*))?")

# libpq and psycopg2 accept these in the query as well, where they beat the URL's own fields.
_FIELDS = {"user": "username", "password": "password", "dbname": "database"}

# The grammar of `sqlalchemy.engine.make_url`: what a driver reads is what we have checked.
_URL = re.compile(
    r"""
    (?P<driver>[\w\+]+)://
    (?:(?P<username>[^:/]*)(?::(?P<password>[^@]*))?@)?
    (?:(?:\[(?P<ipv6>[^/\?]+)\]|(?P<name>[^/:\?]+))?(?::(?P<port>[^/\?]*))?)?
    (?:/(?P<database>[^\?]*))?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE,
)
_HOST_AND_PORT = re.compile(r"([a-zA-Z0-9\-\.]*)(?:\:(\d*))?$")


@dataclass(frozen=True, slots=True)
class UrlParts:
    """The parts of a URL, decoded; the fields are those of `sqlalchemy.engine.URL`."""

    drivername: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None
    query: Query = field(default_factory=dict, repr=False, hash=False)
    """A key that is written several times has all its values."""

    def render(self) -> str:
        """Return the URL as SQLAlchemy spells it, the password included."""
        return "".join(self._spelled())

    def _spelled(self) -> Iterator[str]:
        yield f"{self.drivername}://"
        if self.username is not None:
            password = "" if self.password is None else f":{quote(self.password, safe=' +')}"
            yield f"{quote(self.username, safe=' +')}{password}@"
        if self.host is not None:
            yield f"[{self.host}]" if ":" in self.host else self.host
        yield "" if self.port is None else f":{self.port}"
        yield "" if self.database is None else f"/{quote(self.database, safe=' +/')}"
        pairs = ((key, one) for key in sorted(self.query) for one in _several(self.query[key]))
        query = "&".join(f"{quote_plus(key)}={quote_plus(one)}" for key, one in pairs)
        yield f"?{query}" if query else ""

    def with_search_path(self, schema: str) -> UrlParts:
        """Return the parts of a URL whose sessions find names in *schema* alone.

        An option of the connection stands above the settings of role and database, and neither
        RESET ALL nor DISCARD ALL takes it away; of two search paths the later one counts.
        What libpq would read from PGOPTIONS, where the URL has no options, stays beside it.
        Source: PostgreSQL manual, 34.1.2 "Parameter Key Words", `options`.
        """
        found = self.query.get(_OPTIONS) or os.environ.get("PGOPTIONS", "")
        before = _several(found) if found else ()
        options = " ".join((*before, f"-csearch_path={_as_option(schema)}"))
        return replace(self, query={**self.query, _OPTIONS: options})

    def libpq_parameters(self) -> dict[str, Any]:
        """Return the parameters of libpq that the URL sets: those of `psycopg2.connect`.

        They are what SQLAlchemy's dialect makes of it. Raises `ValueError` where hosts and ports
        do not fit together.
        """
        own = {
            "host": self.host,
            "dbname": self.database,
            "user": self.username,
            "password": self.password,
            "port": self.port,
        }
        named = {name: value for name, value in own.items() if value}
        return {**named, **self.query, **_places(self.query)}


def parse(text: str, setting: str) -> UrlParts:
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
    return _readable(f"postgresql{plus}{driver}://{_spell_hosts(rest)}", setting)


def spelled_password(text: str) -> str:
    """Return the password as *text* spells it, percent signs and all; empty without one."""
    found = re.match(r"\s*[^:/]*://[^:/@]*:([^@]*)@", text)
    return found[1] if found else ""


def parts_of(text: str) -> UrlParts:
    """Return the parts of *text* as `sqlalchemy.engine.make_url` finds them.

    Raises `ValueError` when it is no URL.
    """
    found = _URL.match(text)
    if found is None:
        raise ValueError("not a URL")
    return UrlParts(
        drivername=found["driver"],
        username=_decoded(found["username"]),
        password=_decoded(found["password"]),
        host=found["name"] or found["ipv6"],
        port=None if found["port"] is None else int(found["port"]),
        database=_decoded(found["database"]),
        query=_query(found["query"] or ""),
    )


def _readable(text: str, setting: str) -> UrlParts:
    try:
        parts = _absorb_fields(parts_of(text))
        parts.libpq_parameters()
    except ValueError:
        # The cause's text can hold a part of the URL: it is dropped on purpose.
        pass
    else:
        return parts
    raise _refused(setting, "is not a database URL that can be read", _ENCODE)


def _decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text)


def _query(text: str) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, value in parse_qsl(text):
        found.setdefault(key, []).append(value)
    return {key: tuple(values) if values[1:] else values[0] for key, values in found.items()}


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _places(query: Query) -> dict[str, str]:
    """Return `host` and `port` of the hosts in *query*, in libpq's form with commas."""
    hosts, ports = _hosts_and_ports(query)
    numbers = [int(port) if port else 0 for port in ports]
    if numbers and len(numbers) != max(len(hosts), 1):
        raise ValueError("another number of ports than of hosts")
    spelled = ",".join(str(number or "") for number in numbers or [0] * len(hosts))
    found = {"host": ",".join(hosts), "port": spelled} if hosts else {}
    return {name: value for name, value in found.items() if value or name == "host"}


def _hosts_and_ports(query: Query) -> tuple[Sequence[str], Sequence[str]]:
    hosts, ports = query.get("host", ()), query.get("port", ())
    is_joined = not isinstance(hosts, str) and bool(hosts)
    if isinstance(hosts, str) and ":" in hosts and not ports:
        is_joined = bool(_HOST_AND_PORT.match(hosts))
    if not is_joined:
        return _split(hosts), _split(ports)
    pairs = [host.partition(":") for host in _several(hosts)]
    if ports or any(":" in port for _, _, port in pairs):
        raise ValueError("more than one port of a host")
    return [host for host, _, _ in pairs], [port for _, _, port in pairs]


def _as_option(name: str) -> str:
    """Return the identifier *name* as a value in libpq's `options`, where a blank ends a value."""
    escaped = name.replace('"', '""')
    quoted = name if _PLAIN_NAME.fullmatch(name) else f'"{escaped}"'
    return re.sub(r"([\\\s])", r"\\\1", quoted)


def _split(value: str | tuple[str, ...]) -> Sequence[str]:
    return value.split(",") if isinstance(value, str) else value


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


def _absorb_fields(url: UrlParts) -> UrlParts:
    given: dict[str, Any] = {
        _FIELDS[key]: str(value) for key, value in url.query.items() if key in _FIELDS
    }
    rest = {key: value for key, value in url.query.items() if key not in _FIELDS}
    return replace(url, query=rest, **given)


def _refused(setting: str, what: str, hint: str) -> ConfigError:
    return ConfigError([Problem(setting, what, hint=hint)])
