"""Only what carries our mark is dropped or taken for ours, whatever its name and its owner."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres import marks
from plugins.backup.postgres.create_database import creation
from plugins.backup.postgres.maintenance_session import connected
from plugins.backup.postgres.name_properties import read_properties
from plugins.backup.restore.database_names import (
    find_half_made,
    find_replaced,
    find_template_copies,
    rebuilt_name,
)
from plugins.backup.restore.restore import RestoreOptions, clean, restore, undo
from plugins.backup.scratch.scratch_database import held_scratch, scratch_name
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.swaps import drop_family
from tests.support.works import Work, fill, make_ours, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.backup.postgres.maintenance_session import Server
    from tests.support.server import TestServer
    from tests.support.shops import Shop

pytestmark = pytest.mark.external

_COMMENT = "what's ours\nand yours "
_WORDS = "see\n[sst-platform may drop this database: 7 shop] for why"
_TAILS = (
    *("restore_drill", "before_20200101T000000Z", "before_29991231T000000Z"),
    *("snapshot_20200101T000000Z", "verify_20200101T000000Z_abc123"),
)


@pytest.fixture
def url(server: TestServer) -> Iterator[str]:
    """Return a live database at r2; whatever is made beside it is dropped."""
    found = server.create_database()
    fill(found, "live", "r2")
    yield found
    drop_family(server.url, DatabaseUrl(found).name)


@pytest.fixture
def outside(url: str) -> Iterator[Server]:
    """Return a look at the server from outside that database."""
    with connected(DatabaseUrl(url)) as found:
        yield found


def test_databases_that_only_have_our_names_are_left_and_named(shop: Shop) -> None:
    """A team's drill, of the same owner: it was dropped WITH (FORCE) for its name."""
    theirs = [f"{shop.live}_{tail}" for tail in _TAILS]
    with connected(DatabaseUrl(shop.project.database_url)) as server:
        for name in theirs:
            server.execute("CREATE DATABASE {}", name)
    old = ("--set", "plugins.backup.keep_replaced_days=0")

    foreseen = shop.project.migrate("backup", "prune", "--dry-run", "--json", *old)
    pruned = shop.project.migrate("backup", "prune", "--json", *old)
    undone = shop.undo()
    restored = shop.restore("--json")
    verified = shop.project.migrate("backup", "verify", shop.backup_id, "--level", "restore")

    assert (undone.exit_code, shop.rows()) == (5, [("one",)])
    assert theirs[1] in undone.output
    assert "older versions left no mark" in undone.output
    for told in (foreseen, pruned, restored):
        assert told.exit_code == 0, told.output
        for name in theirs[:4]:
            assert f"{name} is left alone" in " ".join(told.json["warnings"])
    assert sorted(theirs[:4]) == pruned.json["data"]["left_databases"]
    assert f"{theirs[4]} is left alone" in verified.stderr
    assert verified.exit_code == 0, verified.output
    assert set(theirs) <= set(shop.family())


def test_mark_counts_on_no_copy_no_dump_and_under_no_other_name(url: str, outside: Server) -> None:
    live = DatabaseUrl(url).name
    first, copy, renamed = (f"{live}_restore_{word}" for word in ("a1", "b2", "c3"))
    make_ours(url, first)
    outside.execute("CREATE DATABASE {} TEMPLATE {}", copy, first)
    without = find_half_made(outside, live)
    [(comment,)] = outside.fetch(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %(name)s",
        name=first,
    )
    outside.execute(f"COMMENT ON DATABASE {{}} IS '{comment.replace(first, copy)}'", copy)
    with_text = find_half_made(outside, live)
    outside.execute("ALTER DATABASE {} RENAME TO {}", first, renamed)

    assert without == with_text == [first]
    assert find_half_made(outside, live) == []
    assert clean(outside, live) == []
    assert not marks.drop(outside, renamed)


def test_database_of_a_restore_that_was_killed_at_its_creation_is_ours(
    url: str, outside: Server
) -> None:
    """CREATE DATABASE takes no comment: what it can give from the first moment is a limit."""
    live = DatabaseUrl(url).name
    left, copied = f"{live}_restore_abc123", f"{live}_snapshot_20261122T143000Z"
    outside.execute(creation(left, {}))
    outside.execute("CREATE DATABASE {} TEMPLATE {} {}", copied, live, marks.born_with(copied))

    assert find_half_made(outside, live) == [left]
    assert find_template_copies(outside, live) == [copied]

    outside.execute("ALTER DATABASE {} RENAME TO {}", left, f"{live}_restore_abc124")
    assert find_half_made(outside, live) == []


def test_restore_that_finds_its_name_taken_leaves_that_database(
    server: TestServer, url: str, outside: Server
) -> None:
    """What fails is cleared up; a stranger's database of that name is not what failed."""
    work = Work(url)
    live = work.database_url.name
    taken = rebuilt_name(live, work.id)
    outside.execute("CREATE DATABASE {}", taken)

    with pytest.raises(Exception, match="already exists"):
        restore(work, source(server.url, live), RestoreOptions())

    assert outside.oid(taken) is not None


def test_verification_that_finds_its_name_taken_leaves_that_database(
    url: str, outside: Server, caplog: pytest.LogCaptureFixture
) -> None:
    live = DatabaseUrl(url)
    name = scratch_name(live.name, "20261122T143000Z-shop-abc123")
    outside.execute("CREATE DATABASE {}", name)

    with held_scratch(live, live.name, name):
        pass

    assert outside.oid(name) is not None
    assert f"{name} is left alone" in caplog.text


def test_comment_of_the_live_database_is_its_own_before_and_after(
    server: TestServer, url: str, outside: Server
) -> None:
    """The mark is a line of the comment, and moves with no name."""
    work = Work(url)
    live = work.database_url.name
    marks.comment_on(outside, live, _COMMENT)
    outside.execute("ALTER DATABASE {} CONNECTION LIMIT 77", live)
    before = read_properties(outside, live)

    first = restore(work, source(server.url, live), RestoreOptions())
    work.heads = ("r1",)
    after = _comment(outside, live)
    second = undo(work, RestoreOptions())

    assert after == _comment(outside, live) == _COMMENT
    assert read_properties(outside, live) == before
    assert first.kept_as
    assert second.kept_as
    assert [kept.name for kept in find_replaced(outside, live)] == [second.kept_as]
    assert read_properties(outside, second.kept_as).comment == _COMMENT
    assert not marks.drop(outside, live)


def test_swap_that_fails_leaves_the_live_database_without_a_mark(
    server: TestServer, url: str, outside: Server
) -> None:
    live = DatabaseUrl(url).name

    def fail() -> None:
        assert _comment(outside, live) is not None
        outside.execute("ALTER DATABASE {} RENAME TO {}", rebuilt_name(live, work.id), elsewhere)

    elsewhere = f"{live}_elsewhere"
    work = Work(url, in_between=fail)

    with pytest.raises(Veto, match="did not change names"):
        restore(work, source(server.url, live), RestoreOptions())

    assert _comment(outside, live) is None
    assert outside.oid(elsewhere) is not None


def test_owner_without_other_rights_can_mark(url: str, outside: Server) -> None:
    """Settings of a database would need a superuser; its comment does not."""
    live, role = DatabaseUrl(url).name, f"owner_{uuid.uuid4().hex[:8]}"
    outside.execute("CREATE ROLE {} CREATEDB", role)
    name = f"{live}_restore_abc123"
    outside.execute("SET ROLE {}", role)
    try:
        outside.execute(creation(name, {}))
        marks.put(outside, name)

        assert find_half_made(outside, live) == [name]
        assert marks.drop(outside, name)
    finally:
        outside.execute("RESET ROLE")
        outside.execute("DROP DATABASE IF EXISTS {}", name)
        outside.execute("DROP ROLE {}", role)


def _comment(server: Server, name: str) -> str | None:
    question = (
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %(n)s"
    )
    [(comment,)] = server.fetch(question, n=name)
    return comment if comment is None else str(comment)


def test_mark_takes_the_place_of_the_limit_that_a_database_is_born_with(
    url: str, outside: Server
) -> None:
    """People must be able to connect to it once it is live."""
    live = DatabaseUrl(url).name
    made = f"{live}_restore_abc123"
    outside.execute(creation(made, {}))

    marks.put(outside, made)

    limit = "SELECT datconnlimit FROM pg_database WHERE datname = %(name)s"
    assert outside.fetch(limit, name=made) == [(-1,)]
    assert find_half_made(outside, live) == [made]


def test_comment_that_is_given_later_leaves_the_mark(url: str, outside: Server) -> None:
    live = DatabaseUrl(url).name
    made = f"{live}_restore_abc123"
    make_ours(url, made)

    marks.comment_on(outside, made, _COMMENT)
    found = find_half_made(outside, live)
    marks.remove(outside, made)

    comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %(n)s"
    assert found == [made]
    assert outside.fetch(comment, n=made) == [(_COMMENT,)]


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("ours\n[sst-platform may drop this database: 7 shop]", "ours"),
        ("[sst-platform may drop this database: 7 shop]", None),
        (_WORDS, _WORDS),
        ("ours [sst-platform may drop this database: 7 shop]",) * 2,
        (None, None),
    ],
)
def test_mark_is_a_last_line_of_its_own(comment: str | None, left: str | None) -> None:
    """Whatever else speaks of it is somebody's own words."""
    assert marks.strip(comment) == left
