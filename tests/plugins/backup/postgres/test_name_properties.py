"""The database's own properties are read whole and given to another one exactly."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg2
import pytest

from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.postgres.name_properties import (
    Properties,
    apply_properties,
    read_properties,
    rehearse,
)
from plugins.backup.postgres.name_properties_in_manifest import apply_name_properties
from sst.db.url import DatabaseUrl
from sst.hooks import DatabaseUnreachableError, Veto
from tests.support.backups import fetch
from tests.support.swaps import Pair, pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.backup.postgres.maintenance_session import Server
    from tests.support.server import TestServer

_EVERYTHING = """
ALTER DATABASE {live} OWNER TO "{role}";
REVOKE ALL ON DATABASE {live} FROM PUBLIC;
GRANT CONNECT ON DATABASE {live} TO "{role} reader" WITH GRANT OPTION;
GRANT TEMPORARY ON DATABASE {live} TO PUBLIC;
ALTER DATABASE {live} SET search_path TO "$user", 'a "quoted", path', public;
ALTER DATABASE {live} SET temp_tablespaces TO '';
ALTER DATABASE {live} SET work_mem TO '7MB';
ALTER DATABASE {live} SET sst.word TO 'it''s = 100 %, "so"';
ALTER ROLE "{role} reader" IN DATABASE {live} SET statement_timeout TO '9s';
ALTER DATABASE {live} CONNECTION LIMIT 42;
COMMENT ON DATABASE {live} IS 'what''s 100 % ours';
"""


@pytest.fixture
def two(server: TestServer) -> Iterator[Pair]:
    """Return a pair of databases."""
    with pair(server) as found:
        yield found


@pytest.fixture
def outside(two: Pair) -> Iterator[Server]:
    """Return a connection to another database of the same server."""
    with connected(two.target) as found:
        yield found


@pytest.fixture
def rich(two: Pair, outside: Server) -> Iterator[Properties]:
    """Return the properties of a live database that has all of them."""
    role = f"role_{uuid.uuid4().hex[:8]}"
    roles = [role, f"{role} reader"]
    for each in roles:
        outside.execute("CREATE ROLE {}", each)
    for statement in _EVERYTHING.strip().split(";\n"):
        outside.execute(statement.removesuffix(";").format(live=two.names.live, role=role))
    yield read_properties(outside, two.names.live)
    for name in (two.names.live, two.names.fresh):
        outside.drop(name)
    for each in roles:
        outside.execute("DROP ROLE {}", each)


@pytest.mark.external
def test_all_of_them_move(two: Pair, outside: Server, rich: Properties) -> None:
    apply_properties(outside, two.names.fresh, rich)

    found = read_properties(outside, two.names.fresh)
    assert found == rich
    assert (found.connection_limit, found.comment) == (42, "what's 100 % ours")
    assert len(found.settings) == 5
    fresh = two.url_of(two.names.fresh)
    [(path, word)] = fetch(
        fresh, "SELECT current_setting('search_path'), current_setting('sst.word')"
    )
    assert path == '"$user", "a ""quoted"", path", public'
    assert word == 'it\'s = 100 %, "so"'


def test_what_the_other_one_had_goes(two: Pair, outside: Server, rich: Properties) -> None:
    """For the way back: the kept database still has what it had."""
    bare = read_properties(outside, two.names.fresh)

    apply_properties(outside, two.names.live, bare)

    assert read_properties(outside, two.names.live) == bare
    assert rich != bare


def test_they_survive_a_file(rich: Properties) -> None:
    assert Properties.from_dict(json.loads(json.dumps(rich.to_dict()))) == rich


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("grants", [["", "CONNECT ON DATABASE postgres TO x; CREATE ROLE {role}; --", False]]),
        ("grants", [["", "ALL", False]]),
        ("settings", "work_mem"),
        ("owner", None),
    ],
)
def test_values_of_a_hostile_manifest_are_refused(
    two: Pair, outside: Server, key: str, value: object
) -> None:
    """Whoever writes into a shared bucket would run any statement as the role of migrations."""
    role = f"planted_{uuid.uuid4().hex[:8]}"
    values = read_properties(outside, two.names.fresh).to_dict()
    hostile = json.loads(json.dumps({**values, key: value}).replace("{role}", role))

    with pytest.raises(Veto) as veto:
        apply_name_properties(outside, two.names.fresh, hostile, no_owner=False)

    assert veto.value.code == "backup_damaged"
    assert not outside.fetch("SELECT 1 FROM pg_roles WHERE rolname = %(role)s", role=role)


def test_rehearsal_changes_nothing(two: Pair, outside: Server, rich: Properties) -> None:
    rehearse(outside, two.names.fresh, rich)

    assert read_properties(outside, two.names.fresh).settings == ()


@pytest.mark.external
def test_what_a_role_may_not_do_is_found_by_the_rehearsal(
    two: Pair, outside: Server, rich: Properties
) -> None:
    gone = replace(rich, owner="nobody has this name")

    with pytest.raises(psycopg2.errors.UndefinedObject):
        rehearse(outside, two.names.fresh, gone)

    assert read_properties(outside, two.names.fresh).owner != gone.owner


def test_missing_roles_are_left_out(rich: Properties) -> None:
    left = rich.without(rich.roles, owner="me")

    assert left.roles == {"me"}
    assert ("", "TEMPORARY", False) in left.grants
    assert len(left.settings) == 4


def test_server_that_is_down_is_worth_another_try() -> None:
    nowhere = DatabaseUrl("postgresql://user:canary@127.0.0.1:1/shop")

    with (
        pytest.raises(DatabaseUnreachableError, match="cannot be reached") as error,
        connected(nowhere),
    ):
        pass

    assert "canary" not in str(error.value)
