"""The project as its operators have it: a clone of what is committed here, and releases of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.walk.shell import Shell

ROOT = Path(__file__).resolve().parents[2]
_GIT = "git -c safe.directory='*' -c user.name=walk -c user.email=walk@localhost"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository to pull from, a clone for operators and one for developers, all in *folder*."""

    folder: Path

    @property
    def operators(self) -> Path:
        """The clone in which the guide is walked."""
        return self.folder / "project"

    def make(self, shell: Shell) -> str:
        """Make the three from what is committed in this checkout; return a line about it."""
        shell.must(
            f"rm -rf origin.git project developers && {_GIT} clone -q --bare {ROOT} origin.git"
            " && git -C origin.git branch -qf walk HEAD"
            " && git -C origin.git symbolic-ref HEAD refs/heads/walk"
            " && git clone -q origin.git project && git clone -q origin.git developers"
        )
        changed = shell.run(f"{_GIT} -C {ROOT} status --porcelain").output.strip()
        commit = shell.must("git -C project log -1 --format='%h %s'")
        return commit + (" (what is not committed is not walked)" if changed else "")

    def release(self, shell: Shell, name: str, models: str, revision: str) -> None:
        """Publish a commit: *models* behind the models, and *revision* as the file *name*.py."""
        developers = self.folder / "developers"
        with (developers / "app/models.py").open("a", encoding="utf-8") as file:
            file.write(models)
        path = developers / "alembic/versions" / f"{name}.py"
        path.write_text(revision, encoding="utf-8")
        shell.must(f"cd {developers} && git add --all && {_GIT} commit -qm {name} && git push -q")
