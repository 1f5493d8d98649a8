"""A refused connection says what to do about it, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sst.db.connect_advice import connect_advice
from sst.db.url import DatabaseUrl
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from tests.support.project import Project


@pytest.mark.parametrize(
    ("place", "exit_code", "advice"),
    [
        ("127.0.0.1:1/x", 75, "see that the server is up and listens"),
        ("nowhere.invalid/x", 75, "correct the host"),
        ("/x?host=/nowhere", 75, "name a host in the URL"),
    ],
)
def test_server_that_is_not_there_is_told_by_kind(
    project: Project, place: str, exit_code: int, advice: str
) -> None:
    url = f"postgresql://app:canary-canary@{place}"

    result = project.migrate("check", "--json", DATABASE_URL=url)

    assert result.exit_code == exit_code, result.output
    assert advice in result.json["error"]["hint"]
    assert "canary-canary" not in result.output


def test_role_and_database_that_do_not_exist_are_named(project: Project) -> None:
    name = DatabaseUrl(project.database_url).name
    absent = project.database_url.replace(f"/{name}", "/absent_x", 1)

    result = project.migrate("check", "--json", DATABASE_URL=absent)

    assert result.exit_code == 2
    assert "createdb absent_x" in result.json["error"]["message"]


def test_full_role_is_told_its_limit(project: Project) -> None:
    with role(project, "login connection limit 0") as url:
        result = project.migrate("check", "--json", DATABASE_URL=url)

    assert result.exit_code == 75, result.output
    name = DatabaseUrl(url).role
    assert f"`alter role {name} connection limit -1`" in result.json["error"]["hint"]


def test_role_that_may_not_connect_is_told_the_grant(project: Project) -> None:
    name = DatabaseUrl(project.database_url).name
    project.query(f"revoke connect on database {name} from public")
    with role(project) as url:
        result = project.migrate("check", "--json", DATABASE_URL=url)

    assert result.exit_code == 2, result.output
    assert f"grant connect on database {name}" in result.json["error"]["message"]


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        ("server does not support SSL, but SSL was required", "leave sslmode out"),
        (
            (
                'FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "app", database "x", '
                "no encryption"
            ),
            "`?sslmode=require`",
        ),
        (
            'root certificate file "/home/app/.postgresql/root.crt" does not exist',
            "`?sslrootcert=FILE`",
        ),
        ("SSL error: certificate verify failed", "`?sslrootcert=FILE`"),
    ],
)
def test_what_libpq_says_of_tls_is_a_setting_to_correct(cause: str, advice: str) -> None:
    found = connect_advice(cause, "postgresql://app@db/x")

    assert advice in found.text
    assert found.is_vain
