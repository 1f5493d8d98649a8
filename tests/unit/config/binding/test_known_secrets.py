"""Which texts are secrets: of a setting, of other programs, and before plugins are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from pydantic import BaseModel, SecretStr

from sst.config.binding.known_secrets import known_in_variables
from sst.config.binding.values_by_setting import secret_texts
from sst.config.declared.catalog import build_catalog

if TYPE_CHECKING:
    from sst.config.sources.source_values import Value
    from tests.unit.config.conftest import Site

CANARY = "hunter2-canary"
URL = f"postgresql://app:{CANARY}@db/sst"


class Notify(BaseModel):
    """Settings of a plugin."""

    passwords: tuple[SecretStr, ...] = ()


@pytest.mark.parametrize(
    ("name", "value", "texts"),
    [
        ("DATABASE_URL", "embedded", set()),
        ("DATABASE_URL", "", set()),
        ("DATABASE_URL", CANARY, {CANARY}),
        ("DATABASE_URL", "postgresql://app@db/sst", set()),
        ("DATABASE_URL", URL, {CANARY, URL}),
        ("DATABASE_URL", f'"{URL}"', {CANARY, URL, f'"{URL}"'}),
        ("LOG_LEVEL", CANARY, set()),
        ("OPERATIONS_TOKEN", True, set()),
        ("OPERATIONS_TOKEN", None, set()),
        ("OPERATIONS_TOKEN", 1234, {"1234"}),
        ("PLUGINS__NOTIFY__PASSWORDS", (CANARY, "other"), {CANARY, "other"}),
        ("PLUGINS__NOTIFY__PASSWORDS", [CANARY, "other"], {CANARY, "other"}),
    ],
)
def test_texts_of_a_value_that_are_secret(name: str, value: object, texts: set[str]) -> None:
    """A word of everyday output, such as `embedded` or `True`, is none: it would be masked."""
    setting = build_catalog({"notify": Notify}).names[name]

    assert secret_texts(setting, cast("Value", value)) == texts


@pytest.mark.parametrize("source", ["environment", "dotenv", "--set", "secrets"])
def test_secret_of_a_plugin_is_known_before_the_plugin_is(site: Site, source: str) -> None:
    name = "PLUGINS__NOTIFY__API_TOKEN"
    if source == "environment":
        site.environ[name] = CANARY
    elif source == "dotenv":
        site.write(".env", f"{name}={CANARY}\n")
    elif source == "--set":
        site.overrides.append(f"{name}={CANARY}")
    else:
        site.secrets(f'[default.plugins.notify]\napi_token = "{CANARY}"\n')

    assert CANARY in site.open().secrets


@pytest.mark.parametrize("source", ["environment", "dotenv"])
def test_password_of_another_program_is_masked_too(site: Site, source: str) -> None:
    if source == "environment":
        site.environ["PGPASSWORD"] = CANARY
    else:
        site.write(".env", f"PGPASSWORD={CANARY}\n")

    assert CANARY in site.open().secrets
    assert CANARY in site.load().secrets


def test_problem_that_quotes_another_programs_password_is_masked(site: Site) -> None:
    site.environ |= {"PGPASSWORD": CANARY}
    site.settings(f'[default]\nDB_POOL_SIZE = 5\n"{CANARY}" = 1\n[development]\n')

    assert CANARY not in repr(site.problems())


def test_working_folder_of_the_shell_is_no_secret() -> None:
    """`PWD` looks like a password's name; masked, every path in a message would be unreadable."""
    variables = {"PWD": "/srv/shop", "OLDPWD": "/srv", "DB_PWD": CANARY}

    assert known_in_variables(variables) == {CANARY}
