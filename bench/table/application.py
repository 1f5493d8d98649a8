"""The application beside a minimal one: its probes under load, and what its import costs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.costs import Figures
from bench.serving import Served, uvicorn
from bench.table.rows import NotMeasuredError, Row, ratio
from bench.table.turns import in_turns, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.table.place import Place
    from bench.table.rows import Result
    from bench.table.turns import Command, Took

_REVISIONS = 10
_MINIMAL = '''"""The least that answers with FastAPI."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def answer() -> dict[str, str]:
    """Answer."""
    return {"status": "ok"}
'''
_PATHS = ("/livez", "/readyz", "/health", "/version")
_ENDPOINT, _APPLICATION = "a minimal FastAPI endpoint", "a minimal FastAPI application"
_RATES = {
    path: Row(
        f"{path[1:]}-rate", f"`{path}`, requests per second", _ENDPOINT, 1.0, "/s", at_least=True
    )
    for path in _PATHS
}
# A rate of 1.0 or more, as a busy machine can tell it.
_COSTS = {
    path: Row(
        f"{path[1:]}-processor", f"`{path}`, processor time of a request", _ENDPOINT, 1.0, "µs"
    )
    for path in _PATHS
}
_IMPORT = "import of uvicorn and the application"
_TIME = Row("import-processor", f"{_IMPORT}, processor time", _APPLICATION, 1.8)
_MEMORY = Row("import-memory", f"{_IMPORT}, memory (RSS)", _APPLICATION, 1.5, "MB")
ROWS: tuple[Row, ...] = (*_RATES.values(), *_COSTS.values(), _TIME, _MEMORY)
_IMPORTING = """
import uvicorn, {module}
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")][0])
"""
_TURN_SECONDS = 1.0


def measure(place: Place, rows: Sequence[Row]) -> Iterator[Result]:
    """Measure *rows*."""
    if not rows:
        return
    minimal = place.folder / "minimal"
    minimal.mkdir(exist_ok=True)
    (minimal / "minimal.py").write_text(_MINIMAL)
    url = place.at_head(_REVISIONS)
    if _TIME in rows or _MEMORY in rows:
        ours = place.python_code(_IMPORTING.format(module="app.main"), place.project(10), url)
        theirs = place.python_code(_IMPORTING.format(module="minimal"), minimal)
        yield from _measure_imports(place, ours, theirs)
    paths = [path for path in _PATHS if _RATES[path] in rows or _COSTS[path] in rows]
    if paths:
        yield from _measure_probes(place, minimal, paths, url)


def _measure_imports(place: Place, ours: Command, theirs: Command) -> Iterator[Result]:
    if not Path("/proc/self/status").exists():
        raise NotMeasuredError("the memory of a process is read from /proc, which is not here")

    def importing(command: Command) -> Took:
        took = run(command)
        return replace(took, more={"memory": int(took.output) / 1000})

    actions = {"ours": partial(importing, ours), "theirs": partial(importing, theirs)}
    figures = in_turns(actions, place.turns(11))
    yield ratio(_TIME, figures, "ours, processor", "theirs, processor")
    yield ratio(_MEMORY, figures, "ours, memory", "theirs, memory")


def _measure_probes(
    place: Place, minimal: Path, paths: Sequence[str], url: str
) -> Iterator[Result]:
    python, folder = str(place.python), place.project(_REVISIONS)
    variables = place.variables(url)
    with (
        uvicorn(python, ["minimal:app"], minimal, variables) as theirs,
        uvicorn(python, ["app.main:app"], folder, variables) as ours,
    ):
        base = Served(*theirs, "/")
        probes = [Served(*ours, path) for path in paths]
        figures = _take_turns(base, probes, place.turns(12))
    for path in paths:
        yield ratio(_RATES[path], figures, f"{path}, rate", f"{path}, their rate")
        yield ratio(_COSTS[path], figures, f"{path}, cost", f"{path}, their cost")


def _take_turns(base: Served, probes: Sequence[Served], turns: int) -> Figures:
    """Put each probe under load *turns* times, with *base* directly before or after it."""
    figures = Figures(is_shown=False)
    for turn in range(turns + 1):
        for probe in probes:
            for served in (base, probe) if turn % 2 else (probe, base):
                served.measure(_TURN_SECONDS)
            if turn:
                figures.add(f"{probe.path}, rate", probe.rates[-1])
                figures.add(f"{probe.path}, their rate", base.rates[-1])
                figures.add(f"{probe.path}, cost", probe.costs[-1])
                figures.add(f"{probe.path}, their cost", base.costs[-1])
    return figures
