"""Client programs: what they are given, and that none outlives its call."""

from __future__ import annotations

import os

import pytest

from plugins.backup.postgres.client_environment import client_environment, plain_environment
from plugins.backup.postgres.process import Deadline, ToolFailedError, call
from sst.hooks import DatabaseUrl

URL = DatabaseUrl("postgresql://user:pa%20ss@host:5433/name?client_encoding=latin1")


def test_client_gets_the_url_and_little_else() -> None:
    inherited = {"PATH": "/bin", "HOME": "/root", "LANG": "de_DE", "DATABASE_URL": "x", "TZ": "y"}

    environment = client_environment(URL, inherited)

    assert environment == {
        "PATH": "/bin",
        "HOME": "/root",
        "LC_ALL": "C",
        "PGHOST": "host",
        "PGPORT": "5433",
        "PGUSER": "user",
        "PGPASSWORD": "pa ss",
        "PGDATABASE": "name",
        "PGAPPNAME": "sst-backup",
    }


def test_client_inherits_what_the_url_leaves_open_and_libpq_reads() -> None:
    """Our own connection, which is libpq's too, read the same variables."""
    inherited = {
        "PGSSLROOTCERT": "/ca.pem",
        "PGPASSFILE": "/pass",
        "PGSERVICEFILE": "/services",
        "PGHOSTADDR": "10.0.0.1",
        "PGHOST": "another",
        "PGPASSWORD": "another",
        "PGCLIENTENCODING": "SJIS",
        "PGDATESTYLE": "German",
        "PG_COLOR": "always",
    }

    environment = client_environment(URL, inherited)

    assert environment.items() >= {
        ("PGSSLROOTCERT", "/ca.pem"),
        ("PGPASSFILE", "/pass"),
        ("PGSERVICEFILE", "/services"),
        ("PGHOSTADDR", "10.0.0.1"),
        ("PGHOST", "host"),
        ("PGPASSWORD", "pa ss"),
    }
    assert not environment.keys() & {"PGCLIENTENCODING", "PGDATESTYLE", "PG_COLOR"}


def test_program_that_connects_to_nothing_gets_no_password() -> None:
    environment = plain_environment({"PATH": "/bin", "PGPASSWORD": "secret", "PGHOST": "host"})

    assert environment == {"PATH": "/bin", "LC_ALL": "C"}


def test_output_of_a_good_call_is_returned() -> None:
    printed = _call("echo good; echo noise >&2")

    assert printed == "good\n"


def test_program_has_no_input_and_no_terminal() -> None:
    """Else a password prompt would wait for ever in a pipeline."""
    printed = _call(
        'read answer || echo "no input"; [ -t 0 ] || echo "no terminal"; ps -o sid= $$'
    )

    told, untold, session = printed.splitlines()
    assert (told, untold) == ("no input", "no terminal")
    assert int(session) != os.getsid(0)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo one >&2; echo 'x: error: two' >&2; echo '  three' >&2; exit 1", "x: error: two"),
        ("echo one >&2; echo two >&2; exit 1", "two"),
        ("exit 7", "sh failed with exit code 7"),
        ("kill -SEGV $$", "sh was ended by SIGSEGV"),
        ("printf 'caf\\351: error: bytes' >&2; exit 1", "caf\ufffd: error: bytes"),
    ],
)
def test_failure_is_told_in_one_line(script: str, reason: str) -> None:
    with pytest.raises(ToolFailedError) as failure:
        _call(script)

    assert str(failure.value) == reason


def test_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolFailedError, match=r"^/no/such/tool: No such file or directory$"):
        call(["/no/such/tool"], {}, Deadline(5))


def test_deadline_is_shared_and_never_negative() -> None:
    spent = Deadline(0)

    with pytest.raises(ToolFailedError, match=r"^sleep was not done after 0 s$"):
        call(["/bin/sleep", "600"], {}, spent)

    assert spent.left == 0


def _call(script: str) -> str:
    return call(["/bin/sh", "-c", script], plain_environment(), Deadline(30))
