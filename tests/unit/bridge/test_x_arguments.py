"""The x arguments by their keys: Alembic's own reading of them, and nobody can change it."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

import alembic
import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from sst.bridge import by_key

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "x",
    [(), ("a=1",), ("a",), ("a=",), ("a=1", "a=2"), ("a=1", "a"), ("url=a=b",), ("=x",), ("",)],
    ids=repr,
)
def test_mapping_is_the_one_that_env_py_gets(x: tuple[str, ...], tmp_path: Path) -> None:
    config = Config(cmd_opts=Namespace(x=list(x)))
    environment = EnvironmentContext(config, ScriptDirectory(tmp_path))

    try:
        read = environment.get_x_argument(as_dictionary=True)
    except ValueError:
        assert not alembic_takes_a_key_alone()
        read = {each.partition("=")[0]: each.partition("=")[2] for each in x}

    assert dict(by_key(x)) == read


def alembic_takes_a_key_alone() -> bool:
    """Say whether `-x key` is an empty text: older versions of Alembic end with a traceback."""
    return tuple(map(int, alembic.__version__.split(".")[:2])) >= (1, 14)


def test_mapping_cannot_be_changed() -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        by_key(["a=1"])["b"] = "2"  # type: ignore[index]
