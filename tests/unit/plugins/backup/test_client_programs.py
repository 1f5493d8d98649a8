"""Which pg_dump is taken, from which place, and which is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from plugins.backup.archive import pg_dump
from plugins.backup.postgres import client_programs
from plugins.backup.postgres.client_programs import Tools, find_tools
from sst.hooks import Veto
from tests.support.pg_tools import versioned, write_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that fills PATH, Debian's folder and the embedded package."""

    def hold(path: str = "", debian: tuple[str, ...] = (), embedded: str = "") -> None:
        folders = [str(versioned(tmp_path / "path", path))] if path else []
        # The scripts themselves need nothing from PATH but a shell.
        monkeypatch.setenv("PATH", os.pathsep.join(folders))
        for version in debian:
            versioned(tmp_path / "debian" / version / "bin", version)
        monkeypatch.setattr(client_programs, "_DEBIAN", tmp_path / "debian")
        package = tmp_path / "site" / "some_server"
        if embedded:
            versioned(package / "pginstall18" / "bin", embedded)
            (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
        monkeypatch.syspath_prepend(tmp_path / "site")
        monkeypatch.setattr(client_programs, "_EMBEDDED", "some_server")

    return hold


@pytest.mark.parametrize(
    ("path", "debian", "embedded", "server", "chosen"),
    [
        pytest.param("16.4", ("15.2", "17.1"), "18.4", 16, "16.4", id="exact in PATH"),
        pytest.param("18.1", ("15.2", "17.1"), "18.4", 15, "15.2", id="exact in Debian's folder"),
        pytest.param("15.2", ("16.3",), "18.4", 18, "18.4", id="exact in the embedded package"),
        pytest.param("18.1", ("15.2", "17.1"), "18.4", 16, "17.1", id="the next newer one"),
        pytest.param("18.1", ("15.2",), "18.4", 16, "18.1", id="PATH first among equals"),
        pytest.param("", ("16.3", "17.1"), "", 14, "16.3", id="no newer than needed"),
        pytest.param("18.4", ("19.0",), "18.4", 19, "19.0", id="the newest major"),
    ],
)
def test_tools_of_the_servers_version_are_preferred(
    places: Callable[..., None],
    path: str,
    debian: tuple[str, ...],
    embedded: str,
    server: int,
    chosen: str,
) -> None:
    places(path, debian, embedded)

    found = find_tools(server)

    assert found.version == chosen


def test_named_folder_is_the_only_one_that_counts(
    places: Callable[..., None], tmp_path: Path
) -> None:
    """Who names a folder means it; taking another in silence would hide the mistake."""
    places(path="18.4")
    named = versioned(tmp_path / "named", "15.2")

    with pytest.raises(Veto, match=r"found 15\.2 in .*named"):
        find_tools(18, named)


def test_too_old_tools_are_named_with_the_package_to_install(places: Callable[..., None]) -> None:
    places(path="14.9", debian=("15.2",))

    with pytest.raises(Veto, match="as new as the server") as veto:
        find_tools(18)

    assert "14.9 in " in veto.value.reason
    assert "15.2 in " in veto.value.reason
    assert veto.value.hint.startswith("install postgresql-client-18 (in the image: ")


def test_nothing_anywhere_is_said_plainly(places: Callable[..., None]) -> None:
    places()

    with pytest.raises(Veto, match=r"^pg_dump and pg_restore were not found$"):
        find_tools(18)


def test_embedded_package_is_found_without_being_imported(places: Callable[..., None]) -> None:
    places(embedded="18.4")

    found = find_tools(18)

    assert found.version == "18.4"


def test_debians_wrapper_is_passed_over(
    tmp_path: Path, places: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints one version and may run another, by the cluster that it finds."""
    places(debian=("18.1",))
    write_program(tmp_path / "pg_wrapper", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 18.9'\n")
    usr = tmp_path / "usr"
    usr.mkdir()
    (usr / "pg_dump").symlink_to(tmp_path / "pg_wrapper")
    (usr / "pg_restore").symlink_to(tmp_path / "pg_wrapper")
    monkeypatch.setenv("PATH", str(usr))

    assert find_tools(18).version == "18.1"


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        pytest.param("\x7fELF of another machine", "Exec format error", id="architecture"),
        pytest.param("#!/bin/sh\necho 'cannot load libpq' >&2; exit 127\n", "libpq", id="library"),
        pytest.param("#!/bin/sh\necho hello\n", "prints no version", id="something else"),
    ],
)
def test_pg_dump_that_cannot_start_is_named(tmp_path: Path, program: str, complaint: str) -> None:
    folder = versioned(tmp_path / "bin", "18.4")
    write_program(folder / "pg_dump", program)

    with pytest.raises(Veto, match="no pg_dump can be used") as veto:
        find_tools(18, folder)

    assert complaint in veto.value.reason


def test_pg_dump_without_pg_restore_is_of_no_use(tmp_path: Path) -> None:
    """The archive could not be read back."""
    folder = versioned(tmp_path / "bin", "18.4")
    (folder / "pg_restore").unlink()

    with pytest.raises(Veto, match="pg_restore: No such file"):
        find_tools(18, folder)


@pytest.mark.parametrize(
    ("printed", "version", "major"),
    [
        ("pg_dump (PostgreSQL) 18.4", "18.4", 18),
        ("pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "15.20", 15),
        ("pg_dump (PostgreSQL) 19beta1", "19beta1", 19),
        ("pg_dump (PostgreSQL) 19.0 (Debian 19.0-1.pgdg12+1)", "19.0", 19),
        ("pg_dump (EnterpriseDB) 16.1.0", "16.1.0", 16),
    ],
)
def test_version_is_read_from_what_every_build_prints(
    tmp_path: Path, printed: str, version: str, major: int
) -> None:
    folder = versioned(tmp_path / "bin", "18.4")
    write_program(folder / "pg_dump", f"#!/bin/sh\necho '{printed}'\n")

    found = find_tools(14, folder)

    assert found == Tools(folder, version, major)


@pytest.mark.parametrize(
    ("complaint", "chosen"),
    [
        pytest.param("connection to server on socket failed: No such file", "zstd:1", id="zstd"),
        pytest.param("this build does not support compression with ZSTD", "1", id="no zstd"),
        pytest.param('invalid value "zstd:1" for option -Z/--compress', "1", id="15 and older"),
    ],
)
def test_compression_is_what_the_build_can_write(
    tmp_path: Path, complaint: str, chosen: str
) -> None:
    folder = versioned(tmp_path / "bin", "18.4")
    write_program(
        folder / "pg_dump", f"#!/bin/sh\necho 'pg_dump: error: {complaint}' >&2; exit 1\n"
    )

    found = pg_dump.compression(Tools(folder, "18.4", 18))

    assert found == chosen
