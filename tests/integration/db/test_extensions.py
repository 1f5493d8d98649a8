"""What is missing on a server of our own is skipped; on the one that is named it is a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.extensions import require_extension

if TYPE_CHECKING:
    from tests.support.project import Project


def test_extension_that_is_there_is_used(project: Project) -> None:
    require_extension(project, "plpgsql")


def test_missing_extension_is_a_failure_on_the_named_server_alone(
    project: Project, request: pytest.FixtureRequest
) -> None:
    is_external = "external" in request.node.name

    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception)) as ended:
        require_extension(project, "no_such_extension")

    assert "the server has no no_such_extension" in str(ended.value)
    assert ended.type is (pytest.fail.Exception if is_external else pytest.skip.Exception)
