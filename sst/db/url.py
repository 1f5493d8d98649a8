"""One database URL: parsed once, shown without its password, handed on in each tool's own form."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sst.db.parsing import UrlParts, parse, spelled_password
from sst.redaction.redact import redact

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_MASK = "***"
_SECRET_KEYS = frozenset(
    {"password", "passfile", "sslpassword", "sslkey", "scram_client_key", "scram_server_key"}
    | {"oauth_client_secret"},
)
_PATH_KEYS = frozenset({"passfile", "sslkey"})
_PLACE_KEYS = ("host", "hostaddr", "port", "user", "dbname")

# libpq's variable for each connection parameter; PostgreSQL manual, "Environment Variables".
_LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "application_name": "PGAPPNAME",
    "client_encoding": "PGCLIENTENCODING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "load_balance_hosts": "PGLOADBALANCEHOSTS",
    "require_auth": "PGREQUIREAUTH",
    "channel_binding": "PGCHANNELBINDING",
    "requirepeer": "PGREQUIREPEER",
    "sslmode": "PGSSLMODE",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "sslcompression": "PGSSLCOMPRESSION",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslcertmode": "PGSSLCERTMODE",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR",
    "sslsni": "PGSSLSNI",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "gssencmode": "PGGSSENCMODE",
    "gssdelegation": "PGGSSDELEGATION",
    "gsslib": "PGGSSLIB",
    "krbsrvname": "PGKRBSRVNAME",
}
_WITHOUT_VARIABLE = frozenset(
    {"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"}
    | {"tcp_user_timeout", "sslpassword", "fallback_application_name", "replication"},
)
_LIBPQ_KEYS = _WITHOUT_VARIABLE | _LIBPQ_VARIABLES.keys()
_LIBPQ_DRIVERS = frozenset({"postgresql", "postgresql+psycopg2"})
_TAKE_OPTIONS = _LIBPQ_DRIVERS | {"postgresql+psycopg", "postgresql+psycopg2cffi"}
"""The drivers of a project's `env.py` that hand libpq's `options` on."""

# asyncpg's `ssl` takes the words of libpq's `sslmode`; other drivers and tools take a yes or no.
_SSL_WORDS = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


class DatabaseUrl:
    """A PostgreSQL URL whose `str`, `repr` and format never hold the password.

    *text* is what the operator wrote: `postgres://`, `postgresql://` (both mean psycopg2) or
    `postgresql+DRIVER://`; socket hosts (`?host=/path`, `%2Fpath`), IPv6, several hosts
    (`h1:5432,h2:5432`) and `sslmode` as libpq reads them.

    Raises `ConfigError` when it is not a URL, or names another database than PostgreSQL.
    """

    __slots__ = ("_schema", "_spelled", "_url")

    def __init__(self, text: str, *, setting: str = "DATABASE_URL") -> None:
        self._url = parse(text, setting)
        self._spelled = spelled_password(text)
        self._schema = ""

    @property
    def name(self) -> str:
        """The database's name; the user's name when the URL has none, as libpq does."""
        return self._url.database or self._url.username or "postgres"

    @property
    def host(self) -> str:
        """The host or the socket's folder; several with commas; empty for libpq's default."""
        return str(self._parameters().get("host", ""))

    @property
    def schema(self) -> str:
        """The one schema that is migrated as a database of its own; empty for the whole one."""
        return self._schema

    @property
    def safe(self) -> str:
        """The URL as it may be printed: `postgresql://user@host:5432/name`."""
        query = {
            key: (_MASK if key.lower() in _SECRET_KEYS else value)
            for key, value in self._in_schema(self._url).query.items()
        }
        shown = replace(self._url, drivername="postgresql", password=None, query=query)
        # A slash needs no encoding in a query, and a socket's folder is easier to read with it.
        return shown.render().replace("%2F", "/")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must never be printed: each secret as it is and as the URL spells it."""
        hidden = [self._url.query.get(key) for key in _SECRET_KEYS if key not in _PATH_KEYS]
        plain = [text for text in (self._url.password, *hidden) if isinstance(text, str) and text]
        found = dict.fromkeys([*plain, self._spelled, *(quote(text, safe="") for text in plain)])
        return tuple(text for text in found if text)

    def redact(self, text: str) -> str:
        """Return *text* with every secret of this URL replaced by `***`."""
        return redact(text, self.secrets, _MASK)

    def for_psycopg2(self) -> URL:
        """Return SQLAlchemy's URL for our own engines: the psycopg2 driver, the same parameters.

        What only another driver understands (asyncpg's `prepared_statement_cache_size`) is left
        out, and its `ssl=require` becomes `sslmode=require`.
        """
        return _for_sqlalchemy(self._of_psycopg2())

    def _of_psycopg2(self) -> UrlParts:
        query = dict(self._url.query)
        ssl = str(query.pop("ssl", ""))
        if ssl:
            query.setdefault("sslmode", _SSL_WORDS.get(ssl.lower(), ssl))
        if self._url.drivername not in _LIBPQ_DRIVERS:
            query = {key: value for key, value in query.items() if key in _LIBPQ_KEYS}
        return self._in_schema(replace(self._url, drivername="postgresql+psycopg2", query=query))

    def _in_schema(self, parts: UrlParts) -> UrlParts:
        """Return *parts* with the search path of the schema, where it is one."""
        return parts.with_search_path(self._schema) if self._schema else parts

    def for_project(self) -> URL:
        """Return SQLAlchemy's URL for a project's `env.py`: the driver asked for, or psycopg2."""
        if self._url.drivername == "postgresql":
            return self.for_psycopg2()
        takes_options = self._url.drivername in _TAKE_OPTIONS
        return _for_sqlalchemy(self._in_schema(self._url) if takes_options else self._url)

    def for_connect(self, **others: Any) -> dict[str, Any]:
        """Return the arguments of `psycopg2.connect`: those of the URL, with *others* over them.

        They hold the password.
        """
        return {**self._parameters(), **others}

    def libpq_environment(self) -> dict[str, str]:
        """Return PGHOST, PGPASSWORD and so on, for a PostgreSQL client program.

        Holds only what the URL says; a parameter that libpq reads from no variable is left out.
        """
        return {
            _LIBPQ_VARIABLES[key]: str(value)
            for key, value in self._parameters().items()
            if key in _LIBPQ_VARIABLES and value not in (None, "")
        }

    @property
    def role(self) -> str:
        """The role that connects; `ROLE` where the URL does not say it."""
        return self.libpq_environment().get("PGUSER", "ROLE")

    def libpq_place(self) -> str:
        """Return `host='...' port='...' user='...' dbname='...'`: the place, without a secret.

        For the arguments of a client program. In libpq a service file beats variables, and a
        connection string beats both: without it, PGSERVICE could lead the program elsewhere.
        """
        parameters = self._parameters()
        named = {key: str(parameters.get(key) or "") for key in _PLACE_KEYS}
        return " ".join(f"{key}={_quoted(value)}" for key, value in named.items() if value)

    def with_database(self, name: str) -> DatabaseUrl:
        """Return the same server's URL for the database *name*."""
        return self._like(replace(self._url, database=name), self._spelled, self._schema)

    def with_password(self, password: str) -> DatabaseUrl:
        """Return the same URL with *password*."""
        return self._like(replace(self._url, password=password), "", self._schema)

    def with_schema(self, schema: str) -> DatabaseUrl:
        """Return the URL of one *schema* in that database: sessions have no other search path.

        An empty one is the whole database again.
        """
        return self._like(self._url, self._spelled, schema)

    def _like(self, parts: UrlParts, spelled: str, schema: str) -> DatabaseUrl:
        other = object.__new__(DatabaseUrl)
        other._url, other._spelled, other._schema = parts, spelled, schema
        return other

    def place(self) -> tuple[str, ...]:
        """Return what is compared of two databases: hosts, ports and the name, all as written.

        `localhost`, `127.0.0.1` and the folder of a socket are three hosts.
        """
        parameters = self._parameters()
        hosts = str(parameters.get("hostaddr") or parameters.get("host") or "")
        return hosts.lower(), str(parameters.get("port") or "5432"), self.name

    def reveal(self) -> str:
        """Return the URL with its password: for a driver, never for a person."""
        return self._url.render()

    def _parameters(self) -> dict[str, Any]:
        return self._of_psycopg2().libpq_parameters()

    def __str__(self) -> str:
        """Return the URL without its password."""
        return self.safe

    def __repr__(self) -> str:
        """Return the URL without its password."""
        return f"DatabaseUrl({self.safe!r})"

    def __format__(self, spec: str) -> str:
        """Format the URL without its password."""
        return format(self.safe, spec)

    def __eq__(self, other: object) -> bool:
        """Compare whole URLs, the password included."""
        return isinstance(other, DatabaseUrl) and self._key == other._key

    def __hash__(self) -> int:
        """Hash the whole URL."""
        return hash(self._key)

    @property
    def _key(self) -> tuple[UrlParts, str]:
        return self._url, self._schema

    def __reduce__(self) -> tuple[Any, ...]:
        """Refuse to be pickled: a pickle would hold the password."""
        message = "a DatabaseUrl is not pickled: it holds a password"
        raise TypeError(message)


def _for_sqlalchemy(parts: UrlParts) -> URL:
    # Here, because most of what reads a URL has no other use for SQLAlchemy.
    from sqlalchemy.engine import URL

    return URL.create(**asdict(parts))


def _quoted(value: str) -> str:
    """Quote *value* for a connection string; PostgreSQL manual, "Keyword/Value Strings"."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
