"""What pruning may take: a table of cases, and what holds whatever the rules are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.backup.manifest.subject import Subject
from plugins.backup.store.listing import Stored
from plugins.backup.store.remote import RemoteStore
from plugins.backup.store.retention import Rules, Scope, prune, to_prune, unplaced
from sst.hooks import Veto
from tests.support.stores import manifest, names, publish, storage

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = Scope(Subject("shop"), "testing", "7001")


def _made(day: str, *, database: str = "shop", **changes: Any) -> Stored:
    backup_id = f"{day.replace('-', '')}T120000Z-{database}-aaaaaa"
    values = {"system_identifier": "7001", "cluster": "db:5432", **changes}
    return Stored(manifest(backup_id, **values), ("local",), f"file:///backups/{backup_id}")


YEAR = tuple(
    _made(day)
    for day in (
        "2026-11-22",
        "2026-11-21",
        "2026-11-10",
        "2026-10-31",
        "2026-10-01",
        "2026-08-15",
        "2025-11-22",
    )
)


@pytest.mark.parametrize(
    ("rules", "gone"),
    [
        (Rules(), ""),
        (Rules(keep_last=1), "2025-11-22 2026-08-15 2026-10-01 2026-10-31 2026-11-10 2026-11-21"),
        (Rules(keep_last=5), "2025-11-22 2026-08-15"),
        (Rules(keep_last=99), ""),
        (Rules(keep_days=1), "2025-11-22 2026-08-15 2026-10-01 2026-10-31 2026-11-10 2026-11-21"),
        (Rules(keep_days=2), "2025-11-22 2026-08-15 2026-10-01 2026-10-31 2026-11-10"),
        (Rules(keep_days=30), "2025-11-22 2026-08-15 2026-10-01"),
        # The newest of each month, and months without any are not counted.
        (Rules(keep_monthly=2), "2025-11-22 2026-08-15 2026-10-01 2026-11-10 2026-11-21"),
        (Rules(keep_monthly=3), "2025-11-22 2026-10-01 2026-11-10 2026-11-21"),
        (Rules(keep_monthly=4), "2026-10-01 2026-11-10 2026-11-21"),
        # One rule is enough to stay.
        (Rules(keep_last=2, keep_monthly=2), "2025-11-22 2026-08-15 2026-10-01 2026-11-10"),
        (Rules(keep_days=30, keep_monthly=4), "2026-10-01"),
    ],
)
def test_rules_decide_what_goes(rules: Rules, gone: str) -> None:
    found = to_prune(YEAR, NOW, rules, (), SHOP)

    assert " ".join(f"{one.made_at:%Y-%m-%d}" for one in found) == gone


def test_newest_verified_backup_stays_when_newer_ones_are_not() -> None:
    unverified = _made("2026-11-22", verified="none")
    verified, older = _made("2026-10-01"), _made("2026-09-01")

    found = to_prune((unverified, verified, older), NOW, Rules(keep_last=1), (), SHOP)

    assert found == (older,)


def test_backup_that_an_unfinished_run_needs_stays() -> None:
    needed = YEAR[-1].id

    found = to_prune(YEAR, NOW, Rules(keep_last=1), {needed}, SHOP)

    assert needed not in {one.id for one in found}
    assert len(found) == len(YEAR) - 2


@pytest.mark.parametrize(
    "foreign",
    [
        _made("2020-01-01", database="crm"),
        _made("2020-01-01", environment="production"),
        _made("2026-11-22", system_identifier="7002"),
        _made("2026-11-22", system_identifier=None, cluster=None),
    ],
    ids=["database", "environment", "server", "unknown"],
)
def test_anothers_backup_is_not_looked_at(foreign: Stored) -> None:
    assert to_prune((*YEAR, foreign), NOW, Rules(keep_last=99), (), SHOP) == ()
    assert foreign not in to_prune((*YEAR, foreign), NOW, Rules(keep_last=1), (), SHOP)


def test_backups_that_name_no_server_are_named_when_there_are_any() -> None:
    old = [_made(day, system_identifier=None) for day in ("2026-11-22", "2026-11-21")]
    others = [_made("2026-11-20"), _made("2026-11-19", database="crm", system_identifier=None)]

    assert unplaced(others, SHOP) == ()
    [one] = unplaced([*others, old[0]], SHOP)
    assert one.startswith(f"the backup {old[0].id} names no server")
    [two] = unplaced([*old, *others], SHOP)
    assert two.startswith("2 backups name no server")
    assert old[0].id in two


_days = st.integers(0, 2000).map(lambda days: f"{NOW - timedelta(days=days):%Y-%m-%d}")
_stored = st.builds(
    _made,
    _days,
    database=st.sampled_from(["shop", "crm"]),
    environment=st.sampled_from(["testing", "production"]),
    system_identifier=st.sampled_from(["7001", "7002", None]),
    verified=st.sampled_from(["none", "read", "restore"]),
)
_count = st.none() | st.integers(1, 40)


@given(
    stored=st.lists(_stored, max_size=25, unique_by=lambda one: one.id),
    rules=st.builds(Rules, _count, _count, _count),
    data=st.data(),
)
def test_whatever_the_rules_a_way_back_stays(
    stored: list[Stored], rules: Rules, data: st.DataObject
) -> None:
    needed = data.draw(st.sets(st.sampled_from([one.id for one in stored]))) if stored else set()

    gone = to_prune(stored, NOW, rules, needed, SHOP)

    kept = [one for one in stored if one not in gone]
    mine = [one for one in stored if SHOP.holds(one)]
    verified = [one for one in mine if one.manifest.verified != "none"]
    assert all(SHOP.holds(one) for one in gone)
    assert not {one.id for one in gone} & needed
    if verified:
        assert max(verified, key=lambda one: (one.made_at, one.id)) in kept
    if not rules.are_set:
        assert gone == ()
    newest = sorted(mine, key=lambda one: (one.made_at, one.id), reverse=True)
    assert not [one for one in newest[: rules.keep_last or 0] if one in gone]
    assert list(gone) == sorted(gone, key=lambda one: (one.made_at, one.id))


OLD = ("20260101T120000Z-shop-aaaaaa", "20260201T120000Z-shop-bbbbbb")
NEW = "20261122T110000Z-shop-cccccc"


def test_pruned_backups_are_gone_in_every_place(tmp_path: Path) -> None:
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far")
    for backup_id in (*OLD, NEW):
        publish(where, backup_id, system_identifier="7001")

    pruned = prune(where, Rules(keep_last=1), (), SHOP, NOW)

    assert pruned.removed == OLD
    assert pruned.failed == ()
    assert names(tmp_path / "backups") == names(tmp_path / "far") == [NEW]


def test_one_that_cannot_be_deleted_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = storage(tmp_path, upload_to=f"file://{tmp_path}/far")
    for backup_id in (*OLD, NEW):
        publish(where, backup_id, system_identifier="7001")
    real = RemoteStore.remove

    def remove(store: RemoteStore, name: str) -> None:
        if name == OLD[0]:
            raise Veto("the store forbids it")
        real(store, name)

    monkeypatch.setattr(RemoteStore, "remove", remove)

    pruned = prune(where, Rules(keep_last=1), (), SHOP, NOW)

    assert pruned.removed == OLD[1:]
    assert pruned.failed == (f"{OLD[0]}: the store forbids it",)
    # The far copy goes first: what could not be deleted there is still known here.
    assert names(tmp_path / "backups") == [OLD[0], NEW]


def test_dry_run_says_what_would_go_and_deletes_nothing(tmp_path: Path) -> None:
    where = storage(tmp_path)
    for backup_id in (*OLD, NEW):
        publish(where, backup_id, system_identifier="7001")

    pruned = prune(where, Rules(keep_last=1), (), SHOP, NOW, is_dry=True)

    assert pruned.removed == OLD
    assert names(tmp_path / "backups") == [*OLD, NEW]


@pytest.mark.parametrize("is_dry", [False, True])
def test_nothing_is_pruned_while_the_second_place_is_silent(tmp_path: Path, is_dry: bool) -> None:  # noqa: FBT001 - a parameter
    where = storage(tmp_path)
    for backup_id in (*OLD, NEW):
        publish(where, backup_id, system_identifier="7001")
    (tmp_path / "far").write_text("a file where the folder should be")
    silent = storage(tmp_path, upload_to=f"file://{tmp_path}/far/x")

    pruned = prune(silent, Rules(keep_last=1), (), SHOP, NOW, is_dry=is_dry)

    assert pruned.removed == ()
    assert len(pruned.failed) == 1
    assert names(tmp_path / "backups") == [*OLD, NEW]


def test_without_a_rule_no_place_is_asked(tmp_path: Path) -> None:
    (tmp_path / "far").write_text("a file where the folder should be")
    silent = storage(tmp_path, upload_to=f"file://{tmp_path}/far/x")

    assert prune(silent, Rules(), (), SHOP, NOW).failed == ()
