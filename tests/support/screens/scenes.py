"""What is done for each screen."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from tests.support.project import REPOSITORY
from tests.support.screens.stage import open_stage, with_command
from tests.support.screens.svg import as_svg
from tests.support.server import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.text import Text

    from tests.support.screens.stage import Stage

FOLDER = REPOSITORY / "docs" / "screens"
_FAILING = '''"""One worker for each name."""

from alembic import op

revision = "8d26b1f7a3c0"
down_revision = "7c15a0e6f2d4"


def upgrade() -> None:
    op.create_unique_constraint("uq_workers_full_name", "workers", ["full_name"])


def downgrade() -> None:
    op.drop_constraint("uq_workers_full_name", "workers")
'''
_CUSTOMERS = ("aster", "birch", "cedar", "dune", "elm")
_TWINS = """
insert into sites (code, name) values ('D7', 'Dock 7');
insert into workers (site_id, employee_number, full_name)
    select id, number, 'A. Vega' from sites, unnest(array['17', '18']) as number
"""


def screens() -> dict[str, str]:
    """Return every screen as SVG, by its name; each begins where the one before has ended."""
    with open_stage() as stage:
        return {name: as_svg(name, SCENES[name](stage), stage) for name in SCENES}


def _plan(stage: Stage) -> Text:
    with stage.started("upgrade", "3d71e8f2a046") as terminal:
        assert terminal.finish() == 0, terminal.text
    # Else it depends on the time whether the server knows how many rows there are.
    stage.query("analyze")
    return stage.screen("plan")


def _refusal(stage: Stage) -> Text:
    return stage.screen("upgrade", PLUGINS__BACKUP__DIRECTORY="/proc/nowhere")


def _run(stage: Stage) -> Text:
    """Return the screen while a reader is in the way of a revision."""
    with ExitStack() as stack:
        reader = stack.enter_context(closing(connect(stage.url)))
        cursor = reader.cursor()
        cursor.execute("set application_name = 'report'")
        cursor.execute("begin")
        cursor.execute("select from incidents")
        cursor.execute("select now()")
        terminal = stack.enter_context(stage.started("upgrade"))
        terminal.wait_until(lambda: _waits_again(terminal.text), "a second attempt that waits")
        seen = terminal.styled()
        cursor.execute("commit")
        assert terminal.finish() == 0, terminal.text
    return with_command(("upgrade",), seen)


def _waits_again(text: str) -> bool:
    return "    attempt" in text and "waits for" in text and "next attempt" not in text


def _failure(stage: Stage) -> Text:
    file = stage.root / "alembic" / "versions" / "20261201_one_worker_for_each_name.py"
    file.write_text(_FAILING, encoding="utf-8")
    stage.query(_TWINS)
    return stage.screen("upgrade")


def _status(stage: Stage) -> Text:
    return stage.screen("status")


def _fleet(stage: Stage) -> Text:
    """Return the report of many databases; the rows of one make the revision fail."""
    environ = {
        "MIGRATE__TARGETS__DATABASES": '["customer_*"]',
        "PLUGINS__HEALTH_CHECK__MODELS": "off",  # they do not know the revision that fails
    }
    for customer in _CUSTOMERS:
        stage.query(f"create database customer_{customer}")
    with stage.started("upgrade", "7c15a0e6f2d4", "--all", **environ) as terminal:
        assert terminal.finish() == 0, terminal.text
    stage.at("customer_dune").query(_TWINS)
    words = ("upgrade", "--all", "--canary", "customer_aster", "--parallel", "1")
    return stage.screen(*words, **environ)


SCENES: Mapping[str, Callable[[Stage], Text]] = {
    "plan": _plan,
    "refusal": _refusal,
    "run": _run,
    "failure": _failure,
    "status": _status,
    "fleet": _fleet,
}
"""What is made, in this order."""
