"""The steps of a restore: what is kept, what moves along, and what a failure leaves."""

from __future__ import annotations

import uuid
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from plugins.backup.postgres.maintenance_session import Server, connected
from plugins.backup.postgres.name_properties import read_properties
from plugins.backup.restore import template_copy
from plugins.backup.restore.database_names import (
    find_half_made,
    find_replaced,
    find_template_copies,
    replaced_name,
    template_copy_name,
)
from plugins.backup.restore.restore import RestoreOptions, RestoreSource, clean, restore, undo
from sst.db.url import DatabaseUrl
from sst.hooks import Veto
from tests.support.backups import execute, fetch
from tests.support.server import connect
from tests.support.swaps import drop_family
from tests.support.works import Work, fill, make_ours, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import TestServer

_NO_WISH = RestoreOptions()
_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Scene:
    """A live database with work on it, and a look at the server from outside."""

    server: TestServer
    outside: Server
    work: Work

    @property
    def live(self) -> str:
        return self.work.database_url.name

    def backup(self, **changes: object) -> RestoreSource:
        return source(self.server.url, self.live, **changes)  # type: ignore[arg-type]

    def word(self, name: str = "") -> str:
        """Return who the database *name*, or the live one, says it is."""
        url = self.work.database_url.with_database(name or self.live)
        return str(fetch(url.reveal(), "SELECT word FROM whoami")[0][0])

    def family(self) -> list[str]:
        return self.outside.names(f"^{self.live}")


@pytest.fixture
def scene(server: TestServer) -> Iterator[Scene]:
    """Return a live database at r2; whatever is made beside it is dropped."""
    url = server.create_database()
    fill(url, "live", "r2")
    with connected(DatabaseUrl(url)) as outside:
        yield Scene(server, outside, Work(url))
    drop_family(server.url, DatabaseUrl(url).name)


@pytest.fixture
def tablespace(server: TestServer) -> Iterator[str]:
    """Return a tablespace that outlives the databases in it; PostgreSQL 15 and newer."""
    name = f"room_{uuid.uuid4().hex[:8]}"
    with connected(DatabaseUrl(server.url)) as outside:
        outside.execute("SET allow_in_place_tablespaces = on")
        outside.execute("CREATE TABLESPACE {} LOCATION ''", name)
        yield name
        outside.execute("DROP TABLESPACE {}", name)


def test_restored_database_takes_the_name_and_the_old_one_is_kept(scene: Scene) -> None:
    scene.outside.execute("COMMENT ON DATABASE {} IS 'ours'", scene.live)
    scene.outside.execute("ALTER DATABASE {} SET work_mem TO '7MB'", scene.live)
    properties = read_properties(scene.outside, scene.live)

    backup = scene.backup()

    restored = restore(scene.work, backup, _NO_WISH)

    assert scene.word() == "restored"
    assert restored.kept_as
    assert scene.word(restored.kept_as) == "live"
    assert restored.heads == ("r1",)
    assert read_properties(scene.outside, scene.live) == properties
    [message] = scene.work.messages
    assert message == f"r1: {restored.message} [{backup.manifest.id}]"
    assert f"for {restored.cut_off_ms} ms" in restored.message


def test_restored_database_lies_in_the_tablespace_of_the_old_one(
    tablespace: str, scene: Scene
) -> None:
    scene.outside.execute("ALTER DATABASE {} SET TABLESPACE {}", scene.live, tablespace)

    restored = restore(scene.work, scene.backup(), RestoreOptions(drop_old=True))

    assert restored.heads == ("r1",)
    assert read_properties(scene.outside, scene.live).tablespace == tablespace
    assert scene.word() == "restored"


def test_old_database_is_dropped_on_request(scene: Scene) -> None:
    restored = restore(scene.work, scene.backup(), RestoreOptions(drop_old=True))

    assert restored.kept_as is None
    assert scene.family() == [scene.live]


@pytest.mark.external
def test_undo_brings_the_old_database_back_and_keeps_the_other(scene: Scene) -> None:
    restore(scene.work, scene.backup(), _NO_WISH)

    undone = undo(scene.work, _NO_WISH)

    assert scene.word() == "live"
    assert undone.heads == ("r2",)
    assert undone.kept_as
    assert scene.word(undone.kept_as) == "restored"


def test_undo_of_an_undo_is_a_restore_again(scene: Scene) -> None:
    restore(scene.work, scene.backup(), _NO_WISH)
    undo(scene.work, _NO_WISH)

    undo(scene.work, _NO_WISH)

    assert scene.word() == "restored"
    assert len(find_replaced(scene.outside, scene.live)) == 1


def test_undo_without_a_kept_database_is_refused(scene: Scene) -> None:
    with pytest.raises(Veto, match="there is no database to put back"):
        undo(scene.work, _NO_WISH)

    assert scene.word() == "live"


def test_failing_rebuild_leaves_nothing(scene: Scene) -> None:
    def break_down(url: DatabaseUrl) -> None:
        make_ours(scene.server.url, url.name)
        raise Veto("pg_restore was killed")

    with pytest.raises(Veto, match="was killed"):
        restore(scene.work, scene.backup(rebuild=break_down), _NO_WISH)

    assert scene.family() == [scene.live]
    assert scene.word() == "live"


def test_interrupted_rebuild_leaves_nothing(scene: Scene) -> None:
    def interrupt(url: DatabaseUrl) -> None:
        make_ours(scene.server.url, url.name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(scene.work, scene.backup(rebuild=interrupt), _NO_WISH)

    assert scene.family() == [scene.live]


def test_other_heads_than_the_backup_says_are_refused(scene: Scene) -> None:
    backup = scene.backup()
    other = replace(backup, manifest=replace(backup.manifest, heads=("r7",)))

    with pytest.raises(Veto, match="is at r1, the backup at r7"):
        restore(scene.work, other, _NO_WISH)

    assert scene.family() == [scene.live]


def test_missing_role_is_refused_before_anything(scene: Scene) -> None:
    backup = scene.backup()
    foreign = replace(backup, manifest=replace(backup.manifest, roles=("who is that",)))

    with pytest.raises(Veto, match="does not have: who is that"):
        restore(scene.work, foreign, _NO_WISH)

    assert scene.work.recorded_in == []
    assert restore(scene.work, foreign, RestoreOptions(no_owner=True)).heads == ("r1",)


def test_what_a_killed_restore_left_is_dropped_by_the_next(scene: Scene) -> None:
    half_made = f"{scene.live}_restore_abc123"
    make_ours(scene.server.url, half_made)
    other = f"{scene.live}_restore_of_a_friend"
    scene.outside.execute("CREATE DATABASE {}", other)
    assert find_half_made(scene.outside, scene.live) == [half_made]

    assert clean(scene.outside, scene.live) == [half_made]

    assert scene.family() == [scene.live, other]


def test_swap_cut_off_by_a_crash_is_mended_by_the_next_restore(scene: Scene) -> None:
    half_made = f"{scene.live}_restore_abc123"
    make_ours(scene.server.url, half_made)
    for name in (scene.live, half_made):
        scene.outside.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)

    restore(scene.work, scene.backup(), RestoreOptions(drop_old=True))

    assert scene.word() == "restored"
    assert scene.family() == [scene.live]


@pytest.mark.external
def test_template_copy_is_only_renamed(scene: Scene) -> None:
    backup = scene.backup(rebuild=_never)
    copy = _copy(scene, backup)
    number = scene.outside.oid(copy)

    restored = restore(scene.work, backup, _NO_WISH)

    assert scene.outside.oid(scene.live) == number
    assert restored.kept_as
    assert scene.family() == [scene.live, restored.kept_as]


def test_template_copy_is_there_again_when_the_swap_fails(scene: Scene) -> None:
    backup = scene.backup(rebuild=_never)
    copy = _copy(scene, backup)
    scene.work.in_between = lambda: _break_the_swap(scene)

    with pytest.raises(Veto, match="did not change names"):
        restore(scene.work, backup, _NO_WISH)

    assert scene.word() == "live"
    assert find_template_copies(scene.outside, scene.live) == [copy]
    assert find_half_made(scene.outside, scene.live) == []


def test_archive_is_used_when_asked_for(scene: Scene) -> None:
    backup = scene.backup()
    copy = _copy(scene, backup)

    restore(scene.work, backup, RestoreOptions(from_archive=True))

    assert find_template_copies(scene.outside, scene.live) == [copy]


def test_nobody_gets_into_a_template_copy(scene: Scene) -> None:
    copy = _copy(scene, scene.backup())

    with (
        pytest.raises(Exception, match="not currently accepting connections"),
        closing(connect(scene.work.database_url.with_database(copy).reveal())),
    ):
        pass


def test_template_copy_goes_with_its_backup(scene: Scene) -> None:
    backup = scene.backup()
    copy = _copy(scene, backup)

    assert template_copy.find_orphans(scene.outside, scene.live, [backup.manifest.id]) == []
    assert template_copy.find_orphans(scene.outside, scene.live, []) == [copy]
    assert scene.outside.drop_or_explain(copy) == ""
    assert find_template_copies(scene.outside, scene.live) == []


def test_longest_name_has_room_for_a_date() -> None:
    """PostgreSQL would cut the end off, and two databases would have one name."""
    first, second = (replaced_name(f"{'ü' * 30}{end}", _NOON) for end in ("a", "b"))

    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 63
    assert len(template_copy_name("x" * 63, "20261122T143000Z-x-1").encode()) <= 63


def _copy(scene: Scene, backup: RestoreSource) -> str:
    """Make the template copy as a run does; the content is that of the backup."""
    copy = template_copy_name(scene.live, backup.manifest.id)
    template_copy._copy(scene.outside, scene.live, copy)
    scene.outside.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", copy)
    url = scene.work.database_url.with_database(copy).reveal()
    execute(url, "UPDATE version SET head = 'r1'")
    scene.outside.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", copy)
    return copy


def _break_the_swap(scene: Scene) -> None:
    """Take the names that the live database could get."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    for seconds in range(2):
        name = replaced_name(scene.live, now + timedelta(seconds=seconds))
        scene.outside.execute("CREATE DATABASE {} TEMPLATE template0", name)


def _never(url: DatabaseUrl) -> None:
    pytest.fail(f"{url} was rebuilt although there is a copy")
