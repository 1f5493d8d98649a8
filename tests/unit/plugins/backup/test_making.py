"""How a backup is made: its format, its settings, its names, and what is shown meanwhile."""

from __future__ import annotations

import gzip
import threading
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from plugins.backup import Config
from plugins.backup.archive import packing
from plugins.backup.archive.contents import Table
from plugins.backup.archive.files import Reader
from plugins.backup.archive.pg_dump import carries_statistics, choose_format
from plugins.backup.archive.pg_restore import is_harmless
from plugins.backup.postgres.client_environment import client_environment
from plugins.backup.postgres.create_database import creation
from plugins.backup.postgres.process import Deadline, ToolFailedError, work
from plugins.backup.postgres.task import LateError, Task
from plugins.backup.scratch.scratch_database import scratch_name
from sst.hooks import DatabaseUrl, Veto

if TYPE_CHECKING:
    from pathlib import Path

CODECS = list({packing._codec.__name__: packing._codec, "zlib": zlib}.values())
MB = 1_000_000

_LACKING = (
    "pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter"
    ' "transaction_timeout"\nCommand was: SET transaction_timeout = 0;\n'
)
_OTHER = (
    'pg_restore: error: could not execute query: ERROR:  type "x" does not exist\n'
    "Command was: CREATE TABLE t (transaction_timeout x);\n"
)
_IGNORED = "pg_restore: warning: errors ignored on restore: 2\n"


def _tables(*sizes: int) -> list[Table]:
    return [Table(f"t{n}", f"t{n}", True, size, n, n) for n, size in enumerate(sizes)]  # noqa: FBT003


@pytest.mark.parametrize(
    ("sizes", "jobs", "chosen"),
    [
        pytest.param([], 4, "custom", id="nothing"),
        pytest.param([20 * MB] * 3, 4, "custom", id="too small to divide"),
        pytest.param([300 * MB] * 4, 2, "directory", id="even"),
        pytest.param([300 * MB] * 4, 1, "custom", id="one worker"),
        pytest.param([900 * MB, 100 * MB], 4, "custom", id="one table is nearly all"),
        pytest.param([500 * MB, 300 * MB, 200 * MB], 4, "directory", id="one table is half"),
        pytest.param([MB // 10] * 10_000, 4, "custom", id="ten thousand small ones"),
    ],
)
def test_directory_format_is_chosen_where_workers_can_share_the_work(
    sizes: list[int], jobs: int, chosen: str
) -> None:
    assert choose_format(_tables(*sizes), jobs) == chosen


@pytest.mark.parametrize(
    ("tool", "server", "carried"),
    [("18.4", "18.1", True), ("18.4", "15.20 (Debian)", False), ("17.2", "17.2", False)],
)
def test_statistics_go_along_where_both_sides_know_them(
    tool: str, server: str, *, carried: bool
) -> None:
    assert carries_statistics(tool, server) is carried


@pytest.mark.parametrize("level", ["read", "restore"])
def test_levels_of_proof(level: str) -> None:
    assert Config(verify=level).level == level


def test_unproven_backups_take_an_explicit_word() -> None:
    assert Config(verify="none, unproven").level == "none"
    with pytest.raises(ValidationError, match='say "none, unproven" to accept that'):
        Config(verify="none")
    with pytest.raises(ValidationError, match='say "read", "restore" or'):
        Config(verify="sometimes")


def test_url_for_scratch_databases_is_checked_and_hidden() -> None:
    config = Config.model_validate({"verify_database_url": "postgresql://u:s3cret@host/name"})

    assert config.scratch_url == DatabaseUrl("postgresql://u:s3cret@host/name")
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"verify_database_url": "mysql://u:c4n4ry@host/name"}, "only PostgreSQL is supported"),
        ({"verify_database_url": "postgresql://u:c4n@4ry@host/name"}, "percent-encoded"),
        ({"compression": "brotli:c4n4ry"}, "should match pattern"),
        ({"compression": "9 --file=/etc/passwd"}, "should match pattern"),
        ({"directory": ""}, "names no folder"),
        ({"pg_bin": ""}, "names no folder"),
        ({"keep_last": -1}, "greater than or equal to 1"),
        ({"keep_local": False}, "needs upload_to"),
        ({"swap_timeout_seconds": float("nan")}, "finite number"),
    ],
)
def test_wrong_settings_are_found_while_they_load(settings: dict[str, Any], said: str) -> None:
    """Not by the run that needs them; and what was written is not repeated."""
    with pytest.raises(ValidationError, match=said) as error:
        Config.model_validate(settings)

    assert "c4n" not in str(error.value)


@pytest.mark.parametrize("word", ["auto", "none", "6", "gzip:1", "zstd:level=3,workers=2,long"])
def test_compression_is_what_pg_dump_takes(word: str) -> None:
    assert Config(compression=word).compression == word


def test_scratch_is_named_after_database_and_backup() -> None:
    made = scratch_name("shop", "20261122T143000Z-shop-7e01e1")

    assert made == "shop_verify_20261122T143000Z_7e01e1"


def test_long_names_differ_and_fit() -> None:
    """PostgreSQL would cut them, silently, to the same 63 bytes."""
    first, second = (
        scratch_name(f"{'é' * 31}{end}", "20261122T143000Z-x-12345678") for end in "ab"
    )

    assert first != second
    assert max(len(first.encode()), len(second.encode())) <= 63


def test_watched_program_keeps_the_options_of_the_url() -> None:
    url = DatabaseUrl("postgresql://host/name?options=-c%20role%3Downer")

    environment = client_environment(url, {}, watched=True)

    assert environment["PGOPTIONS"] == "-c client_connection_check_interval=500 -c role=owner"


def test_setting_that_an_old_server_lacks_is_no_failed_restore() -> None:
    """As printed by pg_restore 17 with two jobs: its workers speak, and are not counted."""
    assert is_harmless(_LACKING * 4 + _IGNORED)
    assert is_harmless(_LACKING.replace("unrecognized", "unbekannt: ") + _IGNORED)


@pytest.mark.parametrize(
    "complaint",
    [
        _LACKING + _OTHER + _IGNORED,
        _OTHER + _LACKING * 2 + _IGNORED,
        _LACKING.replace("SET trans", "CREATE FUNCTION f() SET trans") + _IGNORED,
        _LACKING.replace("= 0;", "= 0;\nSELECT 1;").replace("SET ", "x SET ") + _IGNORED,
        _LACKING + "pg_restore: error: a worker process died unexpectedly\n",
        _LACKING + "pg_restore: fatal: out of memory\n" + _IGNORED,
        _LACKING,
        _IGNORED,
        "",
    ],
)
def test_every_other_complaint_is_a_failed_restore(complaint: str) -> None:
    assert not is_harmless(complaint)


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        (
            {"encoding": "UTF8", "collate": "C", "ctype": "C", "provider": "c"},
            ["ENCODING 'UTF8'", "LC_COLLATE 'C'", "LC_CTYPE 'C'", "LOCALE_PROVIDER 'libc'"],
        ),
        (
            {"encoding": "UTF8", "provider": "i", "locale": "und", "icu_rules": "&a < b"},
            ["LOCALE_PROVIDER 'icu'", "ICU_LOCALE 'und'", "ICU_RULES '&a < b'"],
        ),
        ({"encoding": "UTF8", "provider": "b", "locale": "C.UTF-8"}, ["BUILTIN_LOCALE 'C.UTF-8'"]),
    ],
)
def test_new_database_gets_the_properties_of_the_old(
    properties: dict[str, str], words: list[str]
) -> None:
    statement = creation('a"b', properties)

    shown = repr(statement)
    for word in words:
        name, value = word.split(" ", 1)
        assert f"SQL('{name} '), Literal({value})" in shown
    assert "Identifier('a\"b')" in shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an archive of one gzip file, its text large enough for many chunks."""
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "1.dat.gz").write_bytes(gzip.compress(bytes(range(256)) * 5000, 1))
    return tmp_path


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda data: data[:-1], "is cut off"),
        (lambda data: data[: len(data) // 2], "is cut off"),
        (lambda _: b"", "is cut off"),
        (lambda data: data + b"x", "goes on after its end"),
        (lambda data: data[:-8] + b"\0\0\0\0" + data[-4:], "is damaged"),
        (lambda data: data[:-1] + b"\x01", "is damaged"),
        (lambda data: b"\0" + data[1:], "is damaged"),
    ],
    ids=["last byte", "half", "all", "more", "checksum", "length", "front"],
)
@pytest.mark.parametrize("codec", CODECS)
def test_gzip_file_that_is_not_whole_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, codec: object, damage: object, complaint: str
) -> None:
    """Whoever unpacks it: zlib, and where it is installed ISA-L."""
    monkeypatch.setattr(packing, "_codec", codec)
    path = folder / "archive" / "1.dat.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]

    with pytest.raises(Veto, match=rf"archive/1\.dat\.gz.*{complaint}"):
        Reader(folder, "archive").describe(decode=True)


def test_files_are_described_by_name_size_and_hash(folder: Path) -> None:
    (folder / "held").touch()  # beside the archive, and no part of it

    [file] = Reader(folder, "archive").describe(decode=True)

    content = (folder / "archive" / "1.dat.gz").read_bytes()
    assert (file.name, file.size_bytes) == ("archive/1.dat.gz", len(content))
    assert len(file.sha256) == 64


def test_work_in_a_thread_is_cancelled_with_its_context() -> None:
    over = threading.Event()

    with (
        Task("waiting", lambda: over.wait(60), over.set) as task,
        pytest.raises(LateError) as late,
    ):
        task.result(Deadline(0.01))

    assert over.is_set()
    assert late.value.reason == "waiting was not done after 0.01 s"


def test_signal_that_arrives_while_work_starts_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Signalled(threading.Thread):
        """A thread whose start a signal interrupts in the thread that starts it."""

        def start(self) -> None:
            super().start()
            raise KeyboardInterrupt

    monkeypatch.setattr("sst.within.Thread", Signalled)
    over = threading.Event()

    with (
        pytest.raises(KeyboardInterrupt),
        Task("waiting", lambda: over.wait(60), over.set),
    ):
        pass

    assert over.is_set()


def test_what_work_in_a_thread_raises_is_raised_where_it_is_asked() -> None:
    with Task("failing", lambda: 1 // 0) as task, pytest.raises(ZeroDivisionError):
        task.result(Deadline(30))


def test_leashed_program_that_cannot_start_is_named(tmp_path: Path) -> None:
    foreign = tmp_path / "pg_dump"
    foreign.write_bytes(b"\x7fELF of another machine")
    foreign.chmod(0o755)

    with pytest.raises(ToolFailedError, match=r"pg_dump: error: Exec format error$"):
        work([str(foreign)], {}, Deadline(30))


def test_program_is_looked_at_while_it_runs_and_ended_by_what_that_raises() -> None:
    seen: list[bytes] = []

    def look(printed: bytes) -> None:
        seen.append(printed)
        if b"ready" in printed:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(["/bin/sh", "-c", "echo ready >&2; sleep 600"], {}, Deadline(60), look)

    assert seen[-1] == b"ready\n"
