"""Two servers with one backup folder, and a database of one name and environment on each."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from plugins.backup.manifest.manifest import Manifest
from plugins.backup.postgres.maintenance_session import connected
from sst.db.url import DatabaseUrl
from tests.support.backups import execute, origin_of
from tests.support.hurt_server import hurt_server
from tests.support.shops import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.hurt_server import HurtServer

_ONE = ("--set", "plugins.backup.keep_last=1")
_FLAG = "--from-another-server"


@pytest.fixture(scope="module")
def second_server() -> Iterator[HurtServer]:
    """Return a server of the same version beside the tests' own."""
    with hurt_server() as server:
        yield server


@pytest.fixture
def other(shop: Shop, second_server: HurtServer) -> Iterator[Shop]:
    """Return the shop's twin on the second server, with a newer backup in the same folder."""
    server = second_server.databases
    with connected(DatabaseUrl(server.url)) as outside:
        outside.execute("CREATE DATABASE {} TEMPLATE template0", shop.live)
    url = DatabaseUrl(server.url).with_database(shop.live).reveal()
    project = replace(shop.project, database_url=url, outcomes=[], runs=1000)
    execute(url, "CREATE TABLE theirs (id integer)")
    upgraded = project.migrate("upgrade", "--json")
    assert upgraded.exit_code == 0, upgraded.output
    yield Shop(project, server, upgraded.json["backup"]["id"])
    with connected(DatabaseUrl(server.url)) as outside:
        for name in outside.names(f"^{shop.live}"):
            outside.drop(name)


def test_latest_and_restore_know_only_their_own_server(shop: Shop, other: Shop) -> None:
    """The first server got the second one's newer backup, with exit 0."""
    shown = [one.project.migrate("backup", "show", "latest", "--json") for one in (shop, other)]
    refused = shop.project.migrate("restore", other.backup_id, "--json", *shop.confirmed)
    after_refusal = shop.family()
    restored = shop.project.migrate("restore", "latest", "--json", *shop.confirmed)

    assert [one.json["backup"]["id"] for one in shown] == [shop.backup_id, other.backup_id]
    assert refused.exit_code == 5, refused.output
    assert refused.json["error"]["code"] == "backup_of_another_server"
    assert _FLAG in refused.json["error"]["hint"]
    assert after_refusal == [shop.live]
    assert restored.exit_code == 0, restored.output
    assert restored.json["data"]["backup_id"] == shop.backup_id
    assert shop.rows() == [("one",)]


def test_backup_of_another_server_is_restored_when_that_is_said(shop: Shop, other: Shop) -> None:
    named = other.project.migrate("restore", shop.backup_id, _FLAG, *shop.confirmed)
    latest = shop.project.migrate("restore", "latest", _FLAG, "--json", *shop.confirmed)

    assert named.exit_code == 0, named.output
    assert other.rows() == [("one",)]
    assert latest.exit_code == 0, latest.output
    assert latest.json["data"]["backup_id"] == other.backup_id


def test_lost_server_comes_back_on_a_new_one_when_that_is_said(shop: Shop, other: Shop) -> None:
    with connected(DatabaseUrl(other.server.url)) as outside:
        outside.drop(other.live)

    refused = other.project.migrate("restore", shop.backup_id, *shop.confirmed)
    restored = other.project.migrate("restore", shop.backup_id, _FLAG, *shop.confirmed)

    assert refused.exit_code == 5, refused.output
    assert _FLAG in refused.output
    assert restored.exit_code == 0, restored.output
    assert other.rows() == [("one",)]


def test_retention_takes_no_backup_of_another_server(shop: Shop, other: Shop) -> None:
    before = _ids(shop)

    pruned = shop.project.migrate("backup", "prune", "--json", *_ONE)
    theirs = other.project.migrate("backup", "create", "--json", *_ONE)
    left = _ids(shop)

    assert pruned.exit_code == 0, pruned.output
    assert pruned.json["data"]["backups"] == [*(before - {shop.backup_id, other.backup_id})]
    assert theirs.exit_code == 0, theirs.output
    assert left == {shop.backup_id, theirs.json["backup"]["id"]}


def test_list_and_show_say_which_server_a_backup_is_of(shop: Shop, other: Shop) -> None:
    listed = shop.project.migrate("backup", "list", "--json")
    text = shop.project.migrate("backup", "show", shop.backup_id)

    servers = {one["id"]: one["server"] for one in listed.json["data"]["backups"]}
    for one in (shop, other):
        origin = origin_of(DatabaseUrl(one.project.database_url))
        expected = {"system_identifier": origin.system_identifier, "name": origin.cluster}
        assert servers[one.backup_id] == expected
        assert origin.cluster
    assert servers[shop.backup_id] != servers[other.backup_id]
    assert servers[shop.backup_id]["system_identifier"] in text.stdout


def test_backups_from_before_servers_were_known_are_kept_and_restored_by_the_flag(
    shop: Shop,
) -> None:
    """An operator who has no others must not be stuck, and no rule may take them."""
    folders = [path for path in _backups(shop).iterdir() if path.is_dir()]
    for folder in folders:
        _forget_the_server(folder / "manifest.json")

    pruned = shop.project.migrate("backup", "prune", "--json", *_ONE)
    refused = shop.project.migrate("restore", "latest", "--json", *shop.confirmed)
    restored = shop.project.migrate("restore", "latest", _FLAG, *shop.confirmed)

    assert pruned.json["data"]["backups"] == []
    assert f"{len(folders)} backups name no server" in str(pruned.json["warnings"])
    assert refused.exit_code == 5, refused.output
    assert refused.json["error"]["code"] == "backup_of_another_server"
    assert shop.backup_id in refused.json["error"]["message"]
    assert _FLAG in refused.json["error"]["hint"]
    assert restored.exit_code == 0, restored.output
    assert shop.rows() == [("one",)]


def test_server_is_called_by_its_cluster_name(second_server: HurtServer) -> None:
    server = second_server.databases
    by_place = origin_of(DatabaseUrl(server.url).with_database("shop"))
    execute(server.url, "ALTER SYSTEM SET cluster_name = 'blue'")
    second_server.restart()

    by_name = origin_of(DatabaseUrl(server.url).with_database("shop"))

    assert by_place.cluster.endswith(":5432")
    assert by_name.cluster == "blue"
    assert by_name.system_identifier == by_place.system_identifier


def _backups(shop: Shop) -> Path:
    return shop.project.root / "backups"


def _ids(shop: Shop) -> set[str]:
    return {path.name for path in _backups(shop).iterdir()}


def _forget_the_server(path: Path) -> None:
    """Make a manifest as it was written before it had these two keys."""
    now = Manifest.from_json(path.read_bytes())
    assert now.system_identifier
    path.write_text(replace(now, system_identifier=None, cluster=None).to_json())
    assert "system_identifier" not in json.loads(path.read_text())
