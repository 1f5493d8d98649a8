"""DatabaseUrl: what people write is understood, and the password is never shown."""

from __future__ import annotations

import pickle
from urllib.parse import quote

import psycopg2.extensions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sst.db.url import DatabaseUrl
from sst.errors import ConfigError

CANARY = "c4n4ry/p@ss:w#r?d%41&=+ '\"\\"
ENCODED = quote(CANARY, safe="")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "POSTGRES", "postgresql+psycopg2"])
def test_every_plain_scheme_means_psycopg2(scheme: str) -> None:
    url = DatabaseUrl(f"{scheme}://user@host/name")

    assert url.for_psycopg2().drivername == "postgresql+psycopg2"
    assert url.for_project().drivername == "postgresql+psycopg2"


def test_named_driver_is_kept_for_the_project_and_not_for_us() -> None:
    url = DatabaseUrl("postgresql+asyncpg://user@host/name?prepared_statement_cache_size=0")

    assert url.for_project().drivername == "postgresql+asyncpg"
    assert url.for_project().query == {"prepared_statement_cache_size": "0"}
    assert url.for_psycopg2().drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("written", "sslmode"),
    [
        ("require", "require"),
        ("verify-full", "verify-full"),
        ("true", "require"),
        ("0", "disable"),
    ],
)
def test_asyncpg_ssl_becomes_sslmode(written: str, sslmode: str) -> None:
    url = DatabaseUrl(f"postgresql+asyncpg://user@host/name?ssl={written}")

    query = dict(url.for_psycopg2().query)

    assert query == {"sslmode": sslmode}


def test_sslmode_beats_ssl() -> None:
    url = DatabaseUrl("postgresql+psycopg://user@host/name?ssl=disable&sslmode=verify-full")

    assert url.for_psycopg2().query["sslmode"] == "verify-full"


def test_foreign_driver_keeps_what_libpq_knows() -> None:
    url = DatabaseUrl(
        "postgresql+psycopg://user@host/name?sslrootcert=/ca.pem&prepare_threshold=0"
        "&keepalives_idle=30&application_name=x",
    )

    query = dict(url.for_psycopg2().query)

    assert query == {
        "sslrootcert": "/ca.pem",
        "keepalives_idle": "30",
        "application_name": "x",
    }


def test_unknown_key_without_a_foreign_driver_is_left_for_libpq_to_refuse() -> None:
    """Dropping a misspelt `sslmode` would connect without TLS and say nothing."""
    url = DatabaseUrl("postgresql://user@host/name?sslmod=require")

    assert url.for_psycopg2().query == {"sslmod": "require"}


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("//user@host:5433/shop", {"PGHOST": "host", "PGPORT": "5433"}),
        ("//user@[::1]:5433/shop", {"PGHOST": "::1", "PGPORT": "5433"}),
        ("//user@/shop?host=/var/run/pg", {"PGHOST": "/var/run/pg"}),
        ("//user@%2Fvar%2Frun%2Fpg:5433/shop", {"PGHOST": "/var/run/pg", "PGPORT": "5433"}),
        ("//user@h1:1,h2:2/shop", {"PGHOST": "h1,h2", "PGPORT": "1,2"}),
        ("//user@h1,h2/shop", {"PGHOST": "h1,h2"}),
        ("//user@h1,h2:2/shop", {"PGHOST": "h1,h2", "PGPORT": ",2"}),
        ("//user@[::1]:1,[::2]:2/shop", {"PGHOST": "::1,::2", "PGPORT": "1,2"}),
        ("//user@/shop?host=h1:1&host=h2:2", {"PGHOST": "h1,h2", "PGPORT": "1,2"}),
        ("//h?user=user&dbname=shop", {"PGHOST": "h"}),
        ("//user@h/shop?options=-c%20role%3Dx", {"PGHOST": "h", "PGOPTIONS": "-c role=x"}),
        ("//user@h/shop?sslmode=require&sslkey=/k", {"PGSSLMODE": "require", "PGSSLKEY": "/k"}),
        ("//user@h/shop?keepalives_idle=9&service=s", {"PGSERVICE": "s"}),
    ],
)
def test_client_programs_get_what_the_url_says(text: str, variables: dict[str, str]) -> None:
    environment = DatabaseUrl(f"postgresql:{text}").libpq_environment()

    assert environment.items() >= {**variables, "PGUSER": "user", "PGDATABASE": "shop"}.items()
    assert all(name.startswith("PG") for name in environment)


def test_client_program_is_told_nothing_that_the_url_leaves_open() -> None:
    assert DatabaseUrl("postgresql://").libpq_environment() == {}


def test_place_names_no_secret_and_survives_quotes() -> None:
    url = DatabaseUrl(f"postgresql://us'er:{ENCODED}@h1:1,h2:2/o%27b%5C?sslmode=require&options=x")

    place = psycopg2.extensions.parse_dsn(url.libpq_place())

    assert place == {"host": "h1,h2", "port": "1,2", "user": "us'er", "dbname": "o'b\\"}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_encoded_password_arrives_unchanged(password: str) -> None:
    url = DatabaseUrl(f"postgresql://user:{quote(password, safe='')}@host/name")

    assert url.libpq_environment()["PGPASSWORD"] == password
    assert url.for_psycopg2().password == password
    assert DatabaseUrl(url.reveal()) == url


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://user:{ENCODED}@host:5432/name",
        f"postgresql+asyncpg://user:{ENCODED}@host/name",
        f"postgresql://user:{ENCODED}@h1:1,h2:2/name?sslmode=require",
        f"postgresql://host/name?user=user&password={ENCODED}",
        f"postgresql://user@host/name?sslpassword={ENCODED}",
    ],
)
def test_password_is_shown_in_no_form_of_the_url(text: str) -> None:
    url = DatabaseUrl(text)

    shown = f"{url} {url!r} {url:>80} {[url]} {url.safe} {url.libpq_place()}"

    assert "user" in shown
    assert not any(secret in shown for secret in (CANARY, ENCODED, "c4n4ry"))
    assert {CANARY, ENCODED} <= set(url.secrets)


def test_secret_is_redacted_in_every_spelling() -> None:
    """A driver prints the password decoded, a URL encoded, an odd URL half-encoded."""
    url = DatabaseUrl("postgresql://user:pa%3ass%22w@host/name")

    text = url.redact(r'a pa:ss"w b pa%3Ass%22w c pa%3ass%22w d {"x": "pa:ss\"w"}')

    assert text == 'a *** b *** c *** d {"x": "***"}'


def test_url_without_password_redacts_nothing() -> None:
    url = DatabaseUrl("postgresql://user@host/name")

    assert url.secrets == ()
    assert url.redact("all of it") == "all of it"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:s3cr@t@host/name",
        "postgresql://user:s3cr@t/x@host/name",
        "postgresql://user:s3cr@t?x@host/name",
        "postgresql://user:s3cr@host:port/name",
        "postgresql://user:s3cr@h1:x,h2:y/name",
        "postgresql://user:s3cr%00t@host/name",
        "postgresql://user:s3cr@/name?host=h1:1&host=h2:2&port=3",
        "postgresql://user:s3cr@/name?host=h1,h2&port=5432",
        "postgresql://user:s3cr@host/name?port=x",
        "mysql://user:s3cr@host/name",
        "sqlite:///s3cr.db",
        "s3cr",
        "",
    ],
)
def test_unreadable_url_is_refused_without_repeating_it(text: str) -> None:
    """With a raw @ in a password its end would be taken, and shown, as the host."""
    with pytest.raises(ConfigError) as refusal:
        DatabaseUrl(text, setting="MIGRATION_DATABASE_URL")

    assert refusal.value.problems[0].subject == "MIGRATION_DATABASE_URL"
    assert "s3cr" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_unreadable_url_names_no_cause_that_holds_it() -> None:
    with pytest.raises(ConfigError) as refusal:
        DatabaseUrl("postgresql://user:s3cr@host:port/name")

    assert refusal.value.__context__ is None


def test_surrounding_whitespace_is_not_part_of_the_url() -> None:
    """A secret read from a file often ends with a newline."""
    assert DatabaseUrl(" postgresql://user@host/name\n") == DatabaseUrl(
        "postgres://user@host/name"
    )


def test_other_database_is_on_the_same_server_with_the_same_secrets() -> None:
    url = DatabaseUrl("postgresql://user:pa%3ass@host:5433/name?sslmode=require")

    other = url.with_database("other")

    assert other.name == "other"
    assert other.secrets == url.secrets
    assert {**url.libpq_environment(), "PGDATABASE": "other"} == other.libpq_environment()


def test_url_of_a_schema_has_no_other_search_path() -> None:
    url = DatabaseUrl("postgresql://user@host/name?options=-csearch_path%3Dpublic")

    tenant = url.with_schema('Ac"me 1\\')

    options = '-csearch_path=public -csearch_path="Ac""me\\ 1\\\\"'
    assert tenant.for_psycopg2().query["options"] == options
    assert tenant.for_project().query["options"] == options
    assert tenant.for_connect()["options"] == options
    assert tenant.libpq_environment()["PGOPTIONS"] == options
    assert DatabaseUrl(tenant.safe).for_connect() == tenant.for_connect()
    assert tenant.with_database("other").schema == tenant.schema
    assert (tenant.place(), tenant == url) == (url.place(), False)
    assert tenant.with_schema("") == url


def test_options_of_the_environment_stay_beside_the_schema(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c role=owner")

    url = DatabaseUrl("postgresql://user@host/name").with_schema("acme")

    assert url.for_connect()["options"] == "-c role=owner -csearch_path=acme"


def test_driver_without_options_gets_none() -> None:
    """Its env.py is refused as one that leaves the schema."""
    url = DatabaseUrl("postgresql+asyncpg://user@host/name").with_schema("acme")

    assert "options" not in url.for_project().query
    assert url.for_psycopg2().query["options"] == "-csearch_path=acme"


def test_name_falls_back_to_the_user_as_libpq_does() -> None:
    assert DatabaseUrl("postgresql://user@host").name == "user"
    assert DatabaseUrl("postgresql://host").name == "postgres"


def test_url_is_not_pickled() -> None:
    url = DatabaseUrl("postgresql://user:secret@host/name")

    with pytest.raises(TypeError, match="password"):
        pickle.dumps(url)


def test_equal_urls_hash_alike_and_passwords_count() -> None:
    one, same = DatabaseUrl("postgresql://u:p@h/n"), DatabaseUrl("postgres://u:p@h/n")

    assert one == same
    assert hash(one) == hash(same)
    assert one != DatabaseUrl("postgresql://u:q@h/n")
