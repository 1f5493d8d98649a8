"""The screens of the README, made from real runs: `make screens`.

A project of its own, a copy of this repository's, is driven on a terminal of 80 columns; what its
user sees becomes an SVG. `as_text` reads it back, so that a test can compare it with a new run.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import shutil
import socket
import sys
import threading
import xml.etree.ElementTree as ET
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from tests.support.project import REPOSITORY
from tests.support.server import connect, embedded_server
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FOLDER = REPOSITORY / "docs" / "screens"
COLUMNS = 80
_COPIED = ("app", "alembic", "settings.toml", ".secrets.toml.example", "migrate.py")
_SHOWN_ROOT = "/srv/sst"
_SHOWN_SERVER = "db.example:5432"
_SURE = 45
_SHOWN_ACTOR = "deploy@ci"
# Without a font from another host: a page that shows it asks nobody.
_SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 16px; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
_FAILING = '''"""One worker for each name."""

from alembic import op

revision = "8d26b1f7a3c0"
down_revision = "7c15a0e6f2d4"


def upgrade() -> None:
    op.create_unique_constraint("uq_workers_full_name", "workers", ["full_name"])


def downgrade() -> None:
    op.drop_constraint("uq_workers_full_name", "workers")
'''
_TWINS = """
insert into sites (code, name) values ('D7', 'Dock 7');
insert into workers (site_id, employee_number, full_name)
    select id, number, 'A. Vega' from sites, unnest(array['17', '18']) as number
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A project in production, with a database of its own."""

    root: Path
    url: str

    @contextmanager
    def started(self, *words: str, **environ: str) -> Iterator[Terminal]:
        """Run `python migrate.py WORDS` on a terminal."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with Terminal(
            [sys.executable, "migrate.py", *words],
            environ={
                **kept,
                "ENV_FOR_DYNACONF": "production",
                "DATABASE_URL": self.url,
                "PYTHONPATH": str(REPOSITORY),
                **environ,
            },
            folder=self.root,
            columns=COLUMNS,
        ) as terminal:
            yield terminal

    def screen(self, *words: str, **environ: str) -> Text:
        """Return what `python migrate.py WORDS` leaves on the terminal."""
        with self.started(*words, **environ) as terminal:
            terminal.finish()
            return _with_command(words, terminal.styled())

    def query(self, sql: str) -> None:
        """Run *sql* on the database."""
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)


def screens() -> dict[str, str]:
    """Return every screen as SVG, by its name; each begins where the one before has ended."""
    with _stage() as stage:
        return {name: _svg(name, SCENES[name](stage), stage) for name in SCENES}


def as_text(svg: str) -> str:
    """Return the lines that *svg* shows, without what is another in each run."""
    lines: dict[int, list[tuple[float, str]]] = {}
    for element in ET.fromstring(svg).iter():  # noqa: S314 - a file of ours
        number = re.search(r"-line-(\d+)", element.get("clip-path", ""))
        if element.tag.endswith("text") and number:
            piece = (float(element.get("x", "0")), element.text or "")
            lines.setdefault(int(number[1]), []).append(piece)
    whole = ("".join(piece for _, piece in sorted(lines[each])) for each in sorted(lines))
    # Where a line is cut depends on the times beside it.
    text = "\n".join(line[:_SURE] if "..." in line else line for line in whole)
    text = re.sub(r"\d{8}T\d{6}Z(-sst_platform)?-[0-9a-f]{6}", "RUN", text.replace("\xa0", " "))
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:]+Z?", "TIME", text)
    text = re.sub(r"\b\d+(\.\d+)? (s|ms|kB|MB|B)\b", "AMOUNT", text)
    text = re.sub(r"\b(pid|process) \d+", "PROCESS", text)
    text = re.sub(r"\battempt \d+", "ATTEMPT", text)
    return re.sub(r"\s+", " ", text)


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
    return _with_command(("upgrade",), seen)


def _waits_again(text: str) -> bool:
    return "    attempt" in text and "waits for" in text and "next attempt" not in text


def _failure(stage: Stage) -> Text:
    file = stage.root / "alembic" / "versions" / "20261201_one_worker_for_each_name.py"
    file.write_text(_FAILING, encoding="utf-8")
    stage.query(_TWINS)
    return stage.screen("upgrade")


def _status(stage: Stage) -> Text:
    return stage.screen("status")


SCENES: Mapping[str, Callable[[Stage], Text]] = {
    "plan": _plan,
    "refusal": _refusal,
    "run": _run,
    "failure": _failure,
    "status": _status,
}
"""What is made, in this order."""


@contextmanager
def _stage() -> Iterator[Stage]:
    # As long as the name that is shown: what is beside it stays where it was.
    root = Path("/tmp") / secrets.token_urlsafe(2)[: len(_SHOWN_ROOT) - len("/tmp/")]  # noqa: S108
    root.mkdir()
    try:
        for name in _COPIED:
            _copy(REPOSITORY / name, root / name)
        with embedded_server() as server:
            yield from _served(root, server.create_database())
    finally:
        shutil.rmtree(root)


def _served(root: Path, url: str) -> Iterator[Stage]:
    """Give the stage with the database of *url*, renamed, behind a port of its own."""
    from sqlalchemy.engine import make_url

    target = make_url(url)
    with closing(connect(url.replace(f"/{target.database}", "/postgres", 1))) as connection:
        cursor = connection.cursor()
        cursor.execute(f'alter database "{target.database}" rename to sst_platform')
        cursor.execute("create role sst superuser login")
    path = f"{target.query['host']}/.s.PGSQL.{target.query.get('port', 5432)}"
    with _forwarded(path) as port:
        yield Stage(root, f"postgresql://sst@127.0.0.1:{port}/sst_platform")


@contextmanager
def _forwarded(path: str) -> Iterator[int]:
    """Lead connections to a port of this machine to the socket *path*; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, path), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, path: str) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while piece := _received(source):
        try:
            target.sendall(piece)
        except OSError:
            break
    for each in (source, target):
        each.close()


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65536)
    except OSError:
        return b""


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _with_command(words: tuple[str, ...], screen: Text) -> Text:
    return Text.assemble(("$ ", "dim"), f"python migrate.py {' '.join(words)}\n", screen)


def _svg(name: str, screen: Text, stage: Stage) -> str:
    port = re.search(r"127\.0\.0\.1:\d+", stage.url)
    assert port
    own = {
        str(stage.root): _SHOWN_ROOT,
        port[0]: _SHOWN_SERVER,
        f"{getpass.getuser()}@{socket.gethostname()}": _SHOWN_ACTOR,
    }
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(_replaced(screen, own), soft_wrap=False, no_wrap=True, highlight=False)
    svg = console.export_svg(title="", code_format=_SVG, unique_id=f"sst-{name}")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _replaced(screen: Text, own: Mapping[str, str]) -> Text:
    """Return *screen* with the texts of *own* replaced, whose lengths are mostly the same."""
    lines: list[Any] = []
    for line in screen.split("\n"):
        for old, new in own.items():
            while (start := line.plain.find(old)) >= 0:
                style = line.get_style_at_offset(Console(), start)
                before, _, after = line.divide([start, start + len(old)])
                line = Text.assemble(before, (new, style), after)  # noqa: PLW2901
        lines.append(line)
    return Text("\n").join(lines)


def main() -> None:
    """Write every screen into `docs/screens/`."""
    FOLDER.mkdir(exist_ok=True)
    for name, svg in screens().items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
