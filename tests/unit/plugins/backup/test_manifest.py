"""The manifest: sealed against hands and later versions alike."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from plugins.backup.manifest import manifest
from plugins.backup.manifest.backup_id import backup_id
from plugins.backup.manifest.manifest import ArchivedFile, Manifest
from sst.hooks import Veto

if TYPE_CHECKING:
    from collections.abc import Mapping

MADE = Manifest(
    id="b1",
    run_id="r1",
    environment="testing",
    database="shop",
    heads=("a1",),
    format="directory",
    compression="zstd:1",
    server_version="18.4",
    tool_version="18.4",
    created_at="2026-11-22T14:30:00Z",
    duration_ms=1200,
    database_bytes=8_000_000,
    files=(ArchivedFile("archive/1.dat", 5, "aa"), ArchivedFile("archive/toc.dat", 2, "bb")),
    tables={'public."Order"': 7},
    large_objects=1,
    properties={"encoding": "UTF8"},
    roles=("owner",),
    verified="read",
)


def sealed(values: Mapping[str, object]) -> str:
    """Return the manifest of *values* with the seal that fits, as whoever knows the rule makes it.

    The SHA-256 of the rest as JSON: keys sorted, no spaces, ASCII.
    """
    rest = {key: value for key, value in values.items() if key != "checksum"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return json.dumps({**rest, "checksum": hashlib.sha256(text.encode()).hexdigest()})


def test_manifest_keys_are_a_promise() -> None:
    """Later versions restore what this one wrote: keys are added, never renamed."""
    text = MADE.to_json()

    assert text.endswith("}\n")
    assert json.loads(text) == {
        "id": "b1",
        "run_id": "r1",
        "environment": "testing",
        "database": "shop",
        "heads": ["a1"],
        "format": "directory",
        "compression": "zstd:1",
        "server_version": "18.4",
        "tool_version": "18.4",
        "created_at": "2026-11-22T14:30:00Z",
        "duration_ms": 1200,
        "database_bytes": 8_000_000,
        "files": [
            {"name": "archive/1.dat", "size_bytes": 5, "sha256": "aa"},
            {"name": "archive/toc.dat", "size_bytes": 2, "sha256": "bb"},
        ],
        "tables": {'public."Order"': 7},
        "large_objects": 1,
        "properties": {"encoding": "UTF8"},
        "roles": ["owner"],
        "verified": "read",
        "encryption": None,
        "version_table": None,
        "snapshot": None,
        "schema_version": 1,
        "checksum": "17981fe040a5dcaf510aaa7abf23fdf1136d366707d98ed9b58fd0948b5e8eba",
    }


_OLD = """{
  "id": "20261122T143000Z-shop-7e01e1", "run_id": null, "environment": "testing",
  "database": "shop", "heads": ["a1"], "format": "custom", "compression": "1",
  "server_version": "18.4", "tool_version": "18.4", "created_at": "2026-11-22T14:30:00Z",
  "duration_ms": 1, "database_bytes": 1,
  "files": [{"name": "archive.dump", "size_bytes": 5, "sha256": "aa"}],
  "tables": {"public.note": 7}, "large_objects": 0, "properties": {}, "roles": [],
  "verified": "read", "encryption": null, "version_table": null, "snapshot": null,
  "schema_version": 1,
  "checksum": "db4b65874c8d451cb65056b6f432f17a17db8d93d0873c9e00258def44626c64"
}"""
_NEW = _OLD.replace(
    '"schema_version"',
    '"system_identifier": "7312345678901234567", "cluster": "db.example:5432", "schema_version"',
).replace(
    "db4b65874c8d451cb65056b6f432f17a17db8d93d0873c9e00258def44626c64",
    "6fec174584572dbeeaec773683e336f2fda0594862886b19fe998d979255cf3e",
)


@pytest.mark.parametrize(
    ("text", "checksum"),
    [
        (_OLD, "db4b65874c8d451cb65056b6f432f17a17db8d93d0873c9e00258def44626c64"),
        (_NEW, "6fec174584572dbeeaec773683e336f2fda0594862886b19fe998d979255cf3e"),
    ],
    ids=["before servers were known", "now"],
)
def test_seal_is_these_very_letters(text: str, checksum: str) -> None:
    """What lies in a folder for years is checked by whatever version reads it then."""
    read = Manifest.from_json(text)

    assert read.checksum == checksum
    assert json.loads(read.to_json()) == json.loads(text)


def test_manifest_is_read_as_it_was_written() -> None:
    read = Manifest.from_json(MADE.to_json())

    assert read == MADE
    assert read.checksum == MADE.checksum


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("heads", ["b2"]),
        ("tables", {'public."Order"': 8}),
        ("files", [{"name": "archive/1.dat", "size_bytes": 5, "sha256": "ab"}]),
        ("verified", "restore"),
        ("added", "by hand"),
    ],
)
def test_manifest_edited_by_hand_is_refused(key: str, value: object) -> None:
    edited = json.dumps({**json.loads(MADE.to_json()), key: value})

    with pytest.raises(Veto, match="not what was written") as veto:
        Manifest.from_json(edited)

    assert veto.value.code == "backup_damaged"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", b"\xff\xfe", MADE.to_json()[:-9]])
def test_what_is_no_manifest_is_refused(text: str | bytes) -> None:
    with pytest.raises(Veto) as veto:
        Manifest.from_json(text)

    assert veto.value.code == "backup_damaged"


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../b2/archive.dump", "archive/../../x", "archive/..", "", "."),
        *("manifest.json", "held", "archive/a\0b", "archive/.hidden", "archive.dump\n"),
    ],
)
def test_file_outside_the_backup_is_refused(name: str) -> None:
    """A manifest may come from a place that others can write to."""
    outside = replace(MADE, files=(ArchivedFile(name, 1, "aa"),))

    with pytest.raises(Veto, match="a file outside the backup"):
        Manifest.from_json(outside.to_json())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("files", [{"name": "archive.dump", "size_bytes": "9", "sha256": "aa"}]),
        ("files", [{"name": 7, "size_bytes": 9, "sha256": "aa"}]),
        ("files", {}),
        ("created_at", 20261122),
        ("tool_version", "eighteen"),
        ("format", "tar"),
        ("verified", "truly"),
        ("tables", None),
        ("tables", {"public.note": "many"}),
        ("roles", [None]),
        ("roles", [""]),
        ("database", ["shop"]),
        ("database_bytes", -1),
        ("properties", []),
        ("encryption", "rot13"),
        ("schema_version", []),
    ],
)
def test_manifest_of_strange_types_is_damaged_and_nothing_breaks(key: str, value: object) -> None:
    """One file that a stranger puts into a shared bucket must not stop every listing."""
    values = {**json.loads(MADE.to_json()), key: value}
    with pytest.raises(Veto, match="cannot be understood") as veto:
        Manifest.from_json(sealed(values))

    assert veto.value.code == "backup_damaged"


@pytest.mark.parametrize(
    ("version", "major"),
    [("18.4", 18), ("19beta1", 19), ("19rc1", 19), ("20devel", 20), ("9.6.24", 9)],
)
def test_major_version_of_the_tool_is_read_from_every_kind_of_version(
    version: str, major: int
) -> None:
    made = replace(MADE, tool_version=version)

    assert Manifest.from_json(made.to_json()).tool_major == major


def test_manifest_that_is_nested_without_end_is_damaged() -> None:
    with pytest.raises(Veto, match="no JSON"):
        Manifest.from_json("[" * 200_000)


def test_manifest_may_be_twenty_levels_deep_and_no_deeper() -> None:
    """Whoever walks through it has room for that; ours has four."""
    deepest: object = 1
    for _ in range(18):
        deepest = [deepest]

    read = Manifest.from_json(sealed({**json.loads(MADE.to_json()), "later": deepest}))

    assert read.unknown == {"later": deepest}
    with pytest.raises(Veto, match="no JSON"):
        Manifest.from_json(sealed({**json.loads(MADE.to_json()), "later": [deepest]}))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_number_that_json_does_not_have_is_damaged(word: str) -> None:
    """Python reads it; nobody else does."""
    with pytest.raises(Veto, match="no JSON"):
        Manifest.from_json(MADE.to_json().replace("8000000", word))


def test_manifest_without_end_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    text = MADE.to_json()
    monkeypatch.setattr(manifest, "LARGEST_MANIFEST", len(text) - 1)

    with pytest.raises(Veto, match="larger than"):
        Manifest.from_json(text)

    monkeypatch.setattr(manifest, "LARGEST_MANIFEST", len(text))
    assert Manifest.from_json(text) == MADE


def test_backup_says_what_was_proven_and_what_stands_in_the_way() -> None:
    made = [
        replace(MADE, verified=level).to_backup("file:///b")
        for level in ("none", "read", "restore")
    ]
    hindered = replace(MADE, properties={"obstacles": ["extension postgis"]})

    assert [each.proven for each in made] == ["no", "read", "restored"]
    assert hindered.to_backup("file:///b").warnings == ("extension postgis",)


def test_manifest_of_a_later_version_is_read_and_keeps_its_checksum() -> None:
    """After a rollback the older image restores what the newer one made."""
    later = replace(MADE, unknown={"colour": "blue"})

    read = Manifest.from_json(later.to_json())

    assert read == later
    assert read.to_json() == later.to_json()


def test_manifest_of_another_kind_is_refused() -> None:
    """Its files may mean something else."""
    with pytest.raises(Veto, match="version 2, known is 1"):
        Manifest.from_json(replace(MADE, schema_version=2).to_json())


@pytest.mark.parametrize(("level", "verified"), [("none", False), ("read", True)])
def test_backup_says_verified_only_when_it_was(level: str, *, verified: bool) -> None:
    backup = replace(MADE, verified=level).to_backup("file:///backups/b1")

    assert backup.verified is verified
    assert (backup.size_bytes, backup.uri) == (7, "file:///backups/b1")
    assert backup.sha256 == replace(MADE, verified=level).checksum


def test_ids_sort_by_time_and_name_database_and_run() -> None:
    made = backup_id("shop", "20261122T143000Z-0f1e2d")

    stamp, database, run = made.split("-")
    age = datetime.now(UTC) - datetime.strptime(stamp, "%Y%m%dT%H%M%S%z")
    assert age.total_seconds() < 60
    assert (database, run) == ("shop", "0f1e2d")


def test_ids_without_a_run_differ() -> None:
    made = {backup_id("shop") for _ in range(20)}

    assert len(made) == 20


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a b'c\"d", "a_b_c_d"),
        ("größe", "gr_e"),
        ("x" * 63, "x" * 40),
    ],
)
def test_id_is_a_plain_file_name(database: str, shown: str) -> None:
    made = backup_id(database, "run1")

    assert made.partition("Z-")[2] == f"{shown}-run1"


def test_manifest_without_its_seal_is_refused() -> None:
    """Who edits it could take the seal away as well."""
    values = json.loads(MADE.to_json())
    del values["checksum"]

    for unsealed in (values, {**values, "checksum": None}, {**values, "checksum": ""}):
        with pytest.raises(Veto, match="not what was written") as veto:
            Manifest.from_json(json.dumps(unsealed))
        assert veto.value.code == "backup_damaged"
