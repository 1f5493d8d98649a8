"""A project whose settings are in AWS, and the server that stands for AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.aws import CREDENTIALS, REGION, AwsServer, aws_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project


@pytest.fixture(scope="session")
def aws_session() -> Iterator[AwsServer]:
    """Return the session's server."""
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(aws_session: AwsServer) -> AwsServer:
    """Return the server, with nothing asked so far."""
    aws_session.asked.clear()
    return aws_session


@pytest.fixture
def stored(project: Project, aws: AwsServer) -> Project:
    """Return a project that may read AWS."""
    project.enable("secrets_aws")
    project.environment |= {
        **CREDENTIALS,
        "PLUGINS__SECRETS_AWS__REGION": REGION,
        "PLUGINS__SECRETS_AWS__ENDPOINT_URL": aws.url,
    }
    return project
