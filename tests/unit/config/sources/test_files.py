"""Files that cannot be read, and what is refused in files that can."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

_FILES = ("settings.toml", ".secrets.toml", "settings.local.toml")


def test_missing_settings_are_a_problem(site: Site) -> None:
    """Dynaconf would go on with nothing."""
    (site.root / "settings.toml").unlink()

    (problem,) = site.problems()

    assert (problem.subject, problem.what) == ("settings.toml", "is missing")


@pytest.mark.parametrize("name", _FILES)
def test_broken_file_is_named_with_its_line(site: Site, name: str) -> None:
    """Dynaconf says the line, and not which file."""
    (site.root / name).unlink(missing_ok=True)
    site.write(name, "[development]\nOPERATIONS_TOKEN = hunter2-canary\n")

    (problem,) = site.problems()

    assert problem.subject == name
    assert "line 2, column" in problem.what
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("name", _FILES)
def test_file_that_is_not_utf8_is_a_problem(site: Site, name: str) -> None:
    (site.root / name).write_bytes(b"[development]\nLOG_LEVEL = '\xff'\n")

    (problem,) = site.problems()

    assert (problem.subject, problem.what) == (name, "is not UTF-8 (line 2)")


@pytest.mark.parametrize("name", _FILES)
def test_byte_order_mark_is_a_problem(site: Site, name: str) -> None:
    (site.root / name).write_bytes(b"\xef\xbb\xbf[development]\n")

    (problem,) = site.problems()

    assert "byte order mark" in problem.what


@pytest.mark.parametrize("name", _FILES)
def test_directory_instead_of_a_file_is_a_problem(site: Site, name: str) -> None:
    (site.root / name).unlink(missing_ok=True)
    (site.root / name).mkdir()

    (problem,) = site.problems()

    assert (problem.subject, problem.what) == (name, "is a directory, not a file")


@pytest.mark.parametrize("name", _FILES)
def test_unreadable_file_is_a_problem(
    site: Site, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dynaconf only warns. Root may read everything, so the refusal is acted here."""
    site.write(name, "[development]\n")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    (problem,) = site.problems()

    assert (problem.subject, problem.what) == (name, "cannot be read: Permission denied")


def test_dangling_link_is_a_problem(site: Site) -> None:
    """A secret volume that is not mounted must not count as no secrets."""
    (site.root / ".secrets.toml").symlink_to(site.root / "nowhere")

    (problem,) = site.problems()

    assert problem.subject == ".secrets.toml"


def test_several_broken_files_are_reported_together(site: Site) -> None:
    site.write(".secrets.toml", "x")
    site.write("settings.local.toml", "y")
    site.environ["PRELOAD_FOR_DYNACONF"] = "evil.py"

    problems = site.problems()

    assert [problem.subject for problem in problems] == [
        "PRELOAD_FOR_DYNACONF",
        ".secrets.toml",
        "settings.local.toml",
    ]


def test_windows_line_ends_are_fine(site: Site) -> None:
    (site.root / "settings.toml").write_bytes(b"[development]\r\n\r\nLOG_LEVEL = 'DEBUG'\r\n")

    assert site.sources_of()["LOG_LEVEL"] == "settings.toml:3 [development]"


@pytest.mark.parametrize(
    ("text", "subject", "hint"),
    [
        ("LOG_LEVEL = 'DEBUG'\n[development]", "LOG_LEVEL", "[default]"),
        ("dynaconf_merge = true\n[development]", "dynaconf_merge", "[default]"),
        ("[development]\n[global]\nLOG_LEVEL = 'DEBUG'", "[global]", "overrule"),
        ("[development]\n[GLOBAL]\nLOG_LEVEL = 'DEBUG'", "[GLOBAL]", "overrule"),
        ("[development]\n[dynaconf]\nLOG_LEVEL = 'DEBUG'", "[dynaconf]", "[default]"),
        ("[development]\n[prodution]", "[prodution]", "[production]"),
        ("[development]\n[defaults]", "[defaults]", "[default]"),
        ("[development]\n[migrate]\nlock_wait = 1", "[migrate]", "[default.migrate]"),
        ("[development]\n[plugins.backup]\nx = 1", "[plugins]", "[default.plugins]"),
        ("[development]\n[Development]", "[development]", ""),
        ("[development]\ndynaconf_include = []", "dynaconf_include", ""),
        ("[development]\nENVIRONMENTS_FOR_DYNACONF = false", "ENVIRONMENTS_FOR_DYNACONF", ""),
        ("[development]\nMIGRATE__LOCK_WAIT = 1", "MIGRATE__LOCK_WAIT", "dots"),
        ("[development]\nDEBUG = true\ndebug = false", "debug", ""),
        ("[development]\n'' = 1", "", ""),
    ],
)
def test_what_dynaconf_would_obey_or_ignore_is_a_problem(
    site: Site, text: str, subject: str, hint: str
) -> None:
    site.settings(text + "\n")

    problem = site.problems()[0]

    assert problem.subject == subject
    assert problem.source.startswith("settings.toml:")
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("[development]\nDEBUGG = true", 2, "'DEBUG'"),
        ("[default]\n\n# x\nSQL_ECHOO = true\n[development]", 4, "'SQL_ECHO'"),
        ("[development.migrate]\nlock_wiat = 1", 2, "'migrate.lock_wait'"),
        ("[development]\nmigrate.lock_wiat = 1", 2, "'migrate.lock_wait'"),
        ("[development]\nmigrate = {lock_wait = 1, lock_wiat = 1}", 2, "'migrate.lock_wait'"),
        ("[development]\nENVIRONMENT = 'production'", 2, ""),
        ("[development]\nmigrate = 5", 2, "MIGRATE__"),
        ("[development.DEBUG]\nx = 1", 2, ""),
        ("[development.plugins]\nenable = ['x']", 2, "'enabled'"),
        ("[development.plugins.bakcup]\nx = 1", 2, ""),
    ],
)
def test_unknown_key_is_named_with_its_line(site: Site, text: str, line: int, hint: str) -> None:
    site.settings(text + "\n")

    (problem,) = site.problems()

    assert problem.source.startswith(f"settings.toml:{line} [")
    assert hint in problem.hint


@pytest.mark.parametrize("name", [".secrets.toml", "settings.local.toml"])
def test_other_files_are_checked_as_well(site: Site, name: str) -> None:
    site.write(name, "[develpoment]\nDEBUG = true\n[development]\nDEBUGG = true\n")

    problems = site.problems()

    assert [(problem.subject, problem.source) for problem in problems] == [
        ("[develpoment]", f"{name}:1 [develpoment]"),
        ("DEBUGG", f"{name}:4 [development]"),
    ]
    assert "[development]" in problems[0].hint


def test_value_and_table_of_one_name_are_a_problem(site: Site) -> None:
    site.settings("[default]\nmigrate = 5\n[development.migrate]\nlock_wait = 1\n")

    problems = site.problems()

    assert any(problem.what == "is a value here and a table there" for problem in problems)


def test_shared_secret_beside_a_specific_setting_is_a_problem(site: Site) -> None:
    """Dynaconf lets the file win: a production server used the developer's database."""
    site.settings('[development]\n[production]\nDATABASE_URL = "postgresql://app@prod/x"\n')
    site.secrets('[default]\nDATABASE_URL = "postgresql://app@laptop/x"\n')

    problems = site.problems(environment="production")

    assert [problem.subject for problem in problems] == ["DATABASE_URL"]
    assert problems[0].source == ".secrets.toml:2 [default] and settings.toml:3 [production]"


def test_specific_secret_settles_the_question(site: Site) -> None:
    site.settings('[development]\n[production]\nDATABASE_URL = "postgresql://app@prod/x"\n')
    site.secrets("""
        [default]
        DATABASE_URL = "postgresql://app@laptop/x"
        [production]
        DATABASE_URL = "postgresql://app@secret/x"
    """)

    sources = site.sources_of(environment="production")

    assert sources["DATABASE_URL"] == ".secrets.toml:4 [production]"


def test_shared_secret_over_a_shared_setting_is_fine(site: Site) -> None:
    site.settings('[default]\nDATABASE_URL = "embedded"\n[development]\n')
    site.secrets('[default]\nDATABASE_URL = "postgresql://app@laptop/x"\n')

    assert site.sources_of()["DATABASE_URL"] == ".secrets.toml:2 [default]"


def test_eight_faults_are_eight_lines(site: Site) -> None:
    """One round of correction, not eight."""
    site.settings("""
        [default]
        LOG_LEVEL = "LOUD"
        DEBUGG = true
        [global]
        DEBUG = true
        [production]
        SQL_ECHO = true
        [production.migrate]
        lock_wait = -1
    """)
    site.environ |= {
        "ENVIRONMENT": "production",
        "DB_POOL_SIZE": "many",
        "MIGRATE__LOCK_WIAT": "1",
        "DEBUG": "maybe",
    }

    problems = site.problems()

    assert {problem.subject for problem in problems} == {
        "[global]",
        "DEBUGG",
        "MIGRATE__LOCK_WIAT",
        "LOG_LEVEL",
        "DB_POOL_SIZE",
        "MIGRATE__LOCK_WAIT",
        "DEBUG",
        "SQL_ECHO",
        "DATABASE_URL",
    }
    assert len(problems) == 9


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ('"  "', "is not a name of a setting"),
        ('""', "is not a name of a setting"),
        ("migrate__lock_wait", "is not a name of a setting"),
        ("DYNACONF_INCLUDE", "would steer Dynaconf"),
        ("Dynaconf_merge", "would steer Dynaconf"),
    ],
)
def test_key_that_no_setting_can_have_is_refused(site: Site, key: str, what: str) -> None:
    site.settings(f"[default]\n{key} = 1\n[development]\nprotected = false\n")

    assert what in " ".join(problem.what for problem in site.problems())
