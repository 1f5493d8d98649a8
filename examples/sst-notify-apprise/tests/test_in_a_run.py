"""The plugin in a run of migrate.py: it tells, and whatever becomes of that changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from servers import PASSWORD, Mailbox

if TYPE_CHECKING:
    from sst.testing import Project


def a_project(project: Project, *urls: str) -> Project:
    """Return *project* with one revision and the plugin, which has *urls*."""
    project.revision("a1", "op.create_table('sites', sa.Column('id', sa.Integer))")
    project.enable("notify_apprise")
    project.environment["PLUGINS__NOTIFY_APPRISE__URLS"] = json.dumps(urls)
    return project


def test_successful_run_is_mailed(project: Project, mailbox: Mailbox) -> None:
    upgraded = a_project(project, mailbox.url).migrate("upgrade")

    assert upgraded.exit_code == 0, upgraded.output
    assert [mail["Subject"] for mail in mailbox.mails] == ["development: run_succeeded"]


def test_dead_service_is_logged_and_changes_nothing(project: Project) -> None:
    dead = f"mailto://robot:{PASSWORD}@127.0.0.1:1?to=ops@example.com&from=a@example.com"

    upgraded = a_project(project, dead).migrate("upgrade", LOG_LEVEL="DEBUG")

    assert upgraded.exit_code == 0, upgraded.output
    assert project.current_revision() == "a1"
    assert "notify_apprise" in upgraded.stderr
    assert "number 1 (E-Mail)" in upgraded.stderr
    assert PASSWORD not in upgraded.output


def test_urls_are_shown_nowhere(project: Project) -> None:
    shown = a_project(project, f"json://robot:{PASSWORD}@host").migrate(
        "config", "show", "--sources", "--json"
    )

    assert shown.exit_code == 0, shown.output
    assert PASSWORD not in shown.output
