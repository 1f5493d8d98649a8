"""`assert_conforms` passes the built-in plugins and names what is wrong with others."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from sst.testing import assert_conforms
from sst.testing.conformance.settings import settings_faults

REPOSITORY = Path(__file__).parents[3]
HEAD = '''
"""A plugin."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr

from sst.hooks import Check, CheckResult, CheckStatus, hookimpl
'''
GATE = """

@hookimpl
def pre_migrate(run): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the root of a project with an empty `plugins/`."""
    (tmp_path / "plugins").mkdir()
    return tmp_path


def faults(root: Path, code: str, **settings: str) -> str:
    """Return what is wrong with a plugin of *code*, as the kit tells it."""
    (root / "plugins" / "pager.py").write_text(HEAD.lstrip() + textwrap.dedent(code))
    with pytest.raises(AssertionError) as raised:
        assert_conforms("pager", root=root, settings=settings)
    text = str(raised.value)
    assert text.startswith("the plugin pager breaks the contract:\n  - ")
    return text


@pytest.mark.parametrize(
    "name",
    ["embedded_postgres", "health_check", "maintenance", "notify", "safe_ddl", "secrets_aws"],
)
def test_built_in_plugin_conforms(name: str) -> None:
    assert_conforms(name, root=REPOSITORY)


def test_built_in_backup_conforms() -> None:
    url = "postgresql://checker:c4n4ry-secret@db.example/postgres"

    assert_conforms("backup", root=REPOSITORY, settings={"verify_database_url": url})


def test_module_can_be_given(project: Path) -> None:
    """A test has imported it anyway."""
    assert_conforms(importlib.import_module("plugins.health_check"), root=project)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("@hookimpl\ndef notfy(event): ...", "there is no hook notfy"),
        ("@hookimpl\ndef notify(evnt): ...", "asks for an unknown argument evnt"),
        ("@hookimpl\nasync def notify(event): ...", "`async def`"),
        ("", "has no hook"),
        ("raise RuntimeError('no')", "cannot be imported: RuntimeError: no"),
    ],
)
def test_what_loading_refuses_is_told(project: Path, code: str, told: str) -> None:
    assert told in faults(project, code)


WORK = {
    "open('/dev/null', 'w').close()": "writes /dev/null",
    "Path('/etc/hostname').read_text()": "reads /etc/hostname",
    "socket.socket().close()": "opens a socket",
    "subprocess.run(['true'])": "runs a program",
    "os.system('true')": "runs a program",
    "threading.Thread(target=print).start()": "starts a thread",
    "os.environ['PAGER'] = 'x'": "changes a variable of the environment",
    "os.chdir('/')": "changes the working folder",
}


def test_work_at_import_is_told_with_its_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PAGER", "before")
    names = "import os, socket, subprocess, threading\nfrom pathlib import Path\n"

    told = faults(project, names + "\n".join(WORK) + GATE)

    for line, (_, what) in enumerate(WORK.items(), start=10):
        assert f"importing it {what} [plugins/pager.py:{line}]" in told


def test_thread_that_never_ends_does_not_hold_the_question_up(project: Path) -> None:
    work = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"

    assert "importing it starts a thread" in faults(project, f"{work}\n{GATE}")


def test_plugin_that_only_works_where_it_was_imported_before_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that needs what this process has imported by chance."""
    module = type(sys)("imported_by_chance")
    monkeypatch.setitem(sys.modules, "imported_by_chance", module)

    told = faults(project, f"import imported_by_chance\n{GATE}")

    assert "cannot be imported in a fresh process: ModuleNotFoundError" in told


def test_importing_libraries_and_defining_things_is_no_work(project: Path) -> None:
    code = "import json, ssl, uuid, fastapi, sqlalchemy, httpx, urllib.request\n" + GATE
    (project / "plugins" / "pager.py").write_text(HEAD.lstrip() + code)

    assert_conforms("pager", root=project)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("days: int = 1", "the setting days has no description"),
        (
            "days: int = Field('many', description='How many.')",
            "the setting days does not survive a round trip",
        ),
        ("token: SecretStr = Field(description='A token.')", "the setting token has no default"),
        (
            "model_config = {'extra': 'allow'}\n    days: int = Field(1, description='How many.')",
            "lets unknown settings in",
        ),
    ],
)
def test_settings_that_nobody_can_use_are_told(project: Path, field: str, told: str) -> None:
    code = f"""

class Config(BaseModel):
    {field}


class Plugin:
    def __init__(self, config): ...

    @hookimpl
    def pre_migrate(self, run): ...
"""
    assert told in faults(project, code)


class Doubling(BaseModel):
    """Settings that grow whenever they are validated."""

    names: list[str] = Field(default_factory=list, description="Names.")

    def model_post_init(self, context: object) -> None:
        """Add one."""
        del context
        self.names.append("x")


def test_settings_that_change_in_a_round_trip_are_told() -> None:
    assert list(settings_faults(Doubling, {})) == [
        "Doubling changes when its own values are validated again"
    ]


SECRET = """

class Config(BaseModel):
    token: {kind} = Field({default}description="A token.")


class Plugin:
    def __init__(self, config):
        self.token = config.token.get_secret_value() if {reveals} else config.token

    def __repr__(self):
        return f"Plugin({{self.token}})"

    @hookimpl
    def pre_migrate(self, run): ...
"""


def test_secret_in_the_plugins_repr_is_told(project: Path) -> None:
    """Left out or given: a canary stands in for it."""
    code = SECRET.format(kind="SecretStr", default="", reveals=True)

    assert "repr(plugin) shows a secret" in faults(project, code, token="canary-1234")
    code = SECRET.format(kind="SecretStr", default="SecretStr(''), ", reveals=True)
    assert "repr(plugin) shows a secret" in faults(project, code)


def test_secret_in_the_settings_repr_is_told(project: Path) -> None:
    code = SECRET.format(kind="str", default="'', ", reveals=False)

    assert "repr(config) shows a secret" in faults(project, code)


def test_secret_that_stays_one_conforms(project: Path) -> None:
    code = HEAD.lstrip() + SECRET.format(kind="SecretStr", default="", reveals=False)
    (project / "plugins" / "pager.py").write_text(code)

    assert_conforms("pager", root=project, settings={"token": "canary-1234"})


def test_registering_that_changes_something_is_told(project: Path) -> None:
    code = """

_checks = []


@hookimpl
def register_checks():
    _checks.append(Check("answers", lambda inspection: CheckResult(CheckStatus.PASS)))
    return _checks
"""
    told = faults(project, code)

    assert "registering it twice gives" in told


def test_name_given_twice_is_told(project: Path) -> None:
    code = """

@hookimpl
def register_checks():
    return [Check("x", print), Check("x", print)]
"""
    assert "register_checks gives x twice" in faults(project, code)


def test_what_creating_it_leaves_behind_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_STATE", "before")
    code = """

import os


class Plugin:
    def __init__(self):
        os.environ["PAGER_STATE"] = "changed"

    @hookimpl
    def pre_migrate(self, run): ...
"""
    assert "after it was created, the variable PAGER_STATE has changed" in faults(project, code)


def test_kit_is_not_imported_by_the_platform() -> None:
    """It brings pytest, which production does not have."""
    code = "import sys, sst.cli, sst.runtime, app.main; print(sorted(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "'sst.testing'" not in done.stdout
    assert "'pytest'" not in done.stdout
