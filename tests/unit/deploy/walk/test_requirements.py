"""The walk refuses a machine that it cannot be walked on: what, why, and the next step."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.walk.requirements import (
    Refusal,
    require_own_engine,
    require_running_engine,
    take_folder,
)
from tests.support.compose import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = {"ID": "debian"}


def everywhere(program: str) -> str:
    """Find every *program*."""
    return f"/usr/bin/{program}"


def nowhere(program: str) -> str | None:
    """Find all but `debootstrap` and `ip`."""
    return None if program in {"debootstrap", "ip"} else program


def test_root_on_debian_with_all_programs_may_walk() -> None:
    require_own_engine(0, DEBIAN, everywhere)


@pytest.mark.parametrize("release", [{"ID": "fedora"}, {"ID": "arch", "ID_LIKE": "archlinux"}, {}])
def test_other_system_is_refused(release: dict[str, str]) -> None:
    with pytest.raises(Refusal, match="not Debian") as refusal:
        require_own_engine(0, release, everywhere)

    assert re.search(r"\n  why: .+\n  next: .*ENGINE=mine", str(refusal.value))


def test_relative_of_debian_is_taken() -> None:
    require_own_engine(0, {"ID": "ubuntu", "ID_LIKE": "debian"}, everywhere)


def test_other_user_is_refused_and_told_both_ways() -> None:
    with pytest.raises(Refusal, match="not root") as refusal:
        require_own_engine(1000, DEBIAN, everywhere)

    assert "sudo make walk" in str(refusal.value)
    assert "ENGINE=mine" in str(refusal.value)


def test_missing_programs_are_named_with_their_packages() -> None:
    with pytest.raises(Refusal, match="needs debootstrap, ip") as refusal:
        require_own_engine(0, DEBIAN, nowhere)

    assert "apt-get install debootstrap iproute2" in str(refusal.value)


def test_engine_that_is_there_needs_neither_root_nor_debian() -> None:
    require_running_engine(nowhere)


def test_engine_that_is_there_needs_its_client() -> None:
    with pytest.raises(Refusal, match="needs docker"):
        require_running_engine(lambda program: None if program == "docker" else program)


def test_every_walk_needs_what_the_page_pipes_into() -> None:
    with pytest.raises(Refusal, match=r"needs jq\.[^$]*apt-get install jq"):
        require_running_engine(lambda program: None if program == "jq" else program)


def test_refusal_is_exit_2_and_touches_nothing(tmp_path: Path) -> None:
    """`make walk` shows the three lines, and no traceback."""
    command = [
        sys.executable,
        "-m",
        "deploy.walk",
        "--engine",
        "mine",
        "--folder",
        str(tmp_path / "walk"),
    ]

    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()[1:]] == ["  why", "  next"]
    assert list(tmp_path.iterdir()) == []


def test_folder_of_somebody_is_not_taken(tmp_path: Path) -> None:
    """At its end the walk removes the folder."""
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(Refusal, match="does not take"):
        take_folder(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_folder_that_was_kept_is_taken_again(tmp_path: Path) -> None:
    kept = take_folder(tmp_path / "kept")
    (kept / "engine.log").touch()

    assert take_folder(kept) == kept
    assert kept.stat().st_mode & 0o777 == 0o700
