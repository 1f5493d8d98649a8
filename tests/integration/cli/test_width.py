"""What commands print on a terminal of some width: the lines fit, and no word is cut or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from sst.layout.cells import columns_of
from tests.support.forked_terminal import ForkedTerminal, QuietTerminal
from tests.support.project import Project
from tests.support.terminal import environ_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server import TestServer

LONG = (
    "index of incidents by site and day 現場ごとの事故 and something more to be said of it, for "
    "the description of a revision may be as long as its author likes"
)
ENDPOINT = "https://storage.internal.example.com/buckets/backups-of-the-shop/and/a/long/path/to/it"
SETTINGS = f"""
[default.migrate]
script_location = "alembic"

[default.plugins]
enabled = ["backup", "wordy"]

[default.plugins.wordy]
endpoint = "{ENDPOINT}"

[development]
protected = false

[production]
DATABASE_URL = "postgresql://shop@db.internal.example.com:5432/the_database_of_the_shop"

[production.plugins.wordy]
endpoint = "{ENDPOINT}/another"
words = "some words that are different in production, and long enough for a second line"
"""
WORDY = """
    from pydantic import BaseModel, Field
    from sst.hooks import Check, CheckResult, CheckStatus, Veto, hookimpl

    class Config(BaseModel):
        endpoint: str = Field("", description="Where everything goes, in a sentence of a length.")
        words: str = Field("x", description="Some words.")

    class Plugin:
        def __init__(self, config):
            self.config = config

        @hookimpl
        def register_checks(self):
            def long(database):
                return CheckResult(CheckStatus.WARN, f"see {self.config.endpoint} " + "why " * 30)
            return [Check("a_check_with_a_name", long)]

        @hookimpl
        def pre_migrate(self, run):
            if run.x.get("refuse"):
                raise Veto("it is not the time for it, " * 6, "run `sst upgrade -x later=yes`")
"""
ON_RECORD = (
    ("check",),
    ("history",),
    ("plan", "base"),
    ("runs", "list"),
    ("runs", "show", "latest"),
    ("backup", "list"),
    ("backup", "show", "latest"),
    ("backup", "prune", "--dry-run"),
    ("repair",),
)
OF_SETTINGS = (
    ("config", "show", "--sources"),
    ("config", "diff", "development", "production"),
    ("config", "explain", "plugins.wordy.endpoint"),
    ("plugins", "hooks"),
    ("plugins", "show", "backup"),
    ("plugins", "doctor"),
)
COMMANDS = ON_RECORD + OF_SETTINGS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, embedded: TestServer) -> Iterator[Project]:
    """Yield a project with long texts everywhere, and a run that succeeded and one that failed."""
    url = embedded.create_database()
    try:
        project = Project.create(tmp_path_factory.mktemp("shop"), url)
        (project.root / "settings.toml").write_text(SETTINGS, encoding="utf-8")
        project.plugin("wordy", WORDY)
        project.revision("sites", "op.create_table('sites', sa.Column('id', sa.Integer))")
        project.revision("c" * 32, "op.execute('SELECT 1')")
        for file in (project.root / "alembic" / "versions").glob("*.py"):
            file.write_text(file.read_text().replace('"""', f'"""{LONG}\n\n', 1))
        assert project.migrate("upgrade").exit_code == 0
        project.revision("wrong", "op.execute('SELECT nothing FROM nowhere')")
        assert project.migrate("upgrade").exit_code == 1
        yield project
    finally:
        embedded.drop_database(url)


def on_terminal(project: Project, *words: str, columns: int) -> list[str]:
    """Return the lines that `sst WORDS` writes to a terminal of *columns*, as they are written."""
    with QuietTerminal(
        words, environ=environ_for(project), folder=project.root, columns=columns
    ) as terminal:
        terminal.finish()
        return click.unstyle(terminal.raw.decode()).splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_lines_fit_and_every_word_is_there(shop: Project, command: tuple[str, ...]) -> None:
    plain = shop.migrate(*command).stdout.replace("python migrate.py", "sst")

    found = {columns: on_terminal(shop, *command, columns=columns) for columns in (40, 80)}

    for columns, lines in found.items():
        assert " ".join(lines).split() == plain.split()
        wide = [line for line in lines if columns_of(line) > columns]
        assert [line for line in wide if len(line.split()) != 1] == []


@pytest.mark.parametrize("command", [("history",), ("plan", "base")], ids=" ".join)
def test_wide_terminal_has_one_line_for_each_record(
    shop: Project, command: tuple[str, ...]
) -> None:
    plain = shop.migrate(*command).stdout

    lines = on_terminal(shop, *command, columns=280)

    assert len(lines) == len(plain.splitlines())


def test_list_of_plugins_breaks_between_hooks(shop: Project) -> None:
    lines = on_terminal(shop, "plugins", "list", columns=40)

    assert max(map(columns_of, lines)) <= 40
    assert any(line.endswith(",") for line in lines)


def test_result_of_a_run_fits(shop: Project) -> None:
    (shop.root / "alembic" / "versions" / "20260002_wrong.py").unlink(missing_ok=True)
    assert shop.migrate("downgrade", "base", "--confirm", "x").exit_code in (0, 5)

    lines = on_terminal(shop, "upgrade", columns=80)

    assert max(map(columns_of, lines)) <= 80


def test_error_hangs_below_its_own_words(shop: Project) -> None:
    words = ("config", "check", "--set", "migrate.lock_wate=1")

    with ForkedTerminal(words, environ=environ_for(shop), folder=shop.root) as terminal:
        terminal.finish()
        lines = click.unstyle(terminal.raw.decode()).splitlines()

    assert max(map(columns_of, lines)) <= 80
    assert all(line.startswith(("  ", "Configuration", "development")) for line in lines)
