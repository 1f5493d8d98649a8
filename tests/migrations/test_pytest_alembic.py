"""pytest-alembic's own four tests on our history: what a team writes for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)

from tests.migrations.chain import config

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

    from tests.migrations.chain import Chain

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]

pytestmark = pytest.mark.external


@pytest.fixture
def alembic_config() -> Config:
    """Return where the revisions are; pytest-alembic hands the engine over to env.py."""
    return config()


@pytest.fixture
def alembic_engine(chain: Chain) -> Engine:
    """Return the engine of a fresh, empty database."""
    return chain.engine
