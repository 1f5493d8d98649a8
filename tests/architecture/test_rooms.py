"""The rooms of the house: small, mapped, without a cycle; and each measure can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.rooms import (
    first_cycle,
    import_graph,
    longest_body,
    mapped,
    members,
    modules_of,
    rooms_in,
)

ROOT = Path(__file__).resolve().parents[2]
WINGS = ("sst", "app", "plugins", "deploy")
MOST_MODULES = 11
ONE_FILE_PER_COMMAND = {ROOT / "sst" / "cli", ROOT / "sst" / "cli" / "plugins"}
LONGEST_BODY_LINES = 50
ROOMS = rooms_in(*(ROOT / wing for wing in WINGS))
# A plugin is known by its name in settings.toml: its own file is all that a team writes.
UNMAPPED = ROOT / "plugins"
MAPPED = [room for room in ROOMS if room != UNMAPPED]


def named(room: Path) -> str:
    """Return *room* as a test's id."""
    return str(room.relative_to(ROOT))


@pytest.mark.parametrize("room", MAPPED, ids=named)
def test_map_names_every_module_of_the_room(room: Path) -> None:
    """The map is in the docstring of `__init__.py`, one line "- `module.py`: its job" each."""
    assert mapped(room) == members(room)


@pytest.mark.parametrize("room", ROOMS, ids=named)
def test_room_is_small(room: Path) -> None:
    assert modules_of(room) <= MOST_MODULES or room in ONE_FILE_PER_COMMAND


def test_no_module_imports_itself_by_a_detour() -> None:
    """Imports inside functions and imports for types only are counted."""
    assert first_cycle(import_graph(*WINGS)) == []


def test_every_body_fits_a_screen() -> None:
    files = [path for wing in WINGS for path in (ROOT / wing).rglob("*.py")]

    bodies = {path: longest_body(path) for path in files}

    assert {path: body for path, body in bodies.items() if body[0] > LONGEST_BODY_LINES} == {}


def test_map_that_forgets_or_invents_is_found(tmp_path: Path) -> None:
    room = made(tmp_path, "room", {"kept.py": "", "forgotten.py": "", "data/page.html": ""})
    (room / "__init__.py").write_text('"""A room.\n\n- `kept.py`: stays\n- `gone.py`: left\n"""\n')
    (room / "__pycache__").mkdir()

    assert members(room) == ["data/", "forgotten.py", "kept.py"]
    assert mapped(room) == ["gone.py", "kept.py"]


def test_modules_of_a_room_are_counted_without_those_of_rooms_inside(tmp_path: Path) -> None:
    inside = {f"inner/m{number}.py": "" for number in range(4)}
    room = made(tmp_path, "room", {"one.py": "", "two.py": "", "inner/__init__.py": "", **inside})

    assert {path.name: modules_of(path) for path in rooms_in(tmp_path)} == {"room": 2, "inner": 4}
    assert rooms_in(room) == [room, room / "inner"]


@pytest.mark.parametrize(
    "back",
    [
        "import {0}.first",
        "def late():\n    from {0} import first",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from {0}.first import X",
        "from . import first",
    ],
    ids=["at the top", "in a function", "for types", "relative"],
)
def test_cycle_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, back: str
) -> None:
    name = f"made_up_{request.node.callspec.indices['back']}"
    made(tmp_path, name, {"first.py": f"from {name}.second import Y", "second.py": ""})
    monkeypatch.syspath_prepend(tmp_path)

    straight = first_cycle(import_graph(name))
    (tmp_path / name / "second.py").write_text(back.format(name))

    assert straight == []
    assert set(first_cycle(import_graph(name))) == {f"{name}.first", f"{name}.second"}


def test_lines_of_a_body_are_counted_without_docstring_and_signature(tmp_path: Path) -> None:
    path = tmp_path / "bodies.py"
    path.write_text(
        'def short():\n    """Say so."""\n\n\n'
        "class Some:\n    async def long(\n        self,\n    ):\n"
        '        """Be\n        long."""\n        one = 1\n\n        return one\n'
    )

    assert longest_body(path) == (3, "long")


def made(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Return the package *name* in *folder*, written with *files*."""
    room = folder / name
    for path, text in {"__init__.py": "", **files}.items():
        (room / path).parent.mkdir(parents=True, exist_ok=True)
        (room / path).write_text(text)
    return room
