"""Projects as `alembic init` makes them, with models in a package of their own called `app`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

_MODELS = """
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Site(Base):
    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
_IMPORT = "from app.models import Base\n\ntarget_metadata = Base.metadata\n"


def has_template(name: str) -> bool:
    """Say whether this Alembic has the template *name*; `pyproject` came with 1.16."""
    return (Path(Config().get_template_directory()) / name).is_dir()


def make_project(root: Path, template: str, *, source: str = ".") -> Path:
    """Write a project to *root*, its package in *source*, and edit what a team edits."""
    package = root / source / "app"
    (package / "api").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models.py").write_text(_MODELS)
    if template == "pyproject":
        (root / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
        config = Config(str(root / "alembic.ini"), toml_file=root / "pyproject.toml")
    else:
        config = Config(str(root / "alembic.ini"))
    command.init(config, str(root / "alembic"), template=template)
    env = root / "alembic" / "env.py"
    text = env.read_text()
    assert "target_metadata = None\n" in text
    env.write_text(text.replace("target_metadata = None\n", _IMPORT))
    if source != ".":
        _replace(root / "alembic.ini", "prepend_sys_path = .", f"prepend_sys_path = {source}")
    return root


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
