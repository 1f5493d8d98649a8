"""A secret of the application's never leaves, wherever in its settings it is."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pydantic
import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, PostgresDsn, SecretStr, create_model

from sst.config.show import views

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

CANARY = "hunter2-canary"


class Mail(BaseModel):
    """A table inside."""

    host: str = "h"
    password: SecretStr | None = None


class Open(BaseModel):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")


class AppSettings(BaseModel):
    """Every place that a secret may have."""

    key: SecretStr | None = None
    mail: Mail = Mail()
    mails: list[Mail] = []
    by_name: dict[str, Mail] = {}
    keys: dict[str, SecretStr] = {}
    either: str | Mail = ""
    open: Open = Open()
    dsn: PostgresDsn | None = None
    urls: list[AnyUrl] = []
    broker: str = ""


URL = f"postgresql://app:{CANARY}@db.example/name"
PLACES = {
    "APP__KEY": CANARY,
    "APP__MAIL__PASSWORD": CANARY,
    "APP__MAILS": f'[{{"password": "{CANARY}"}}]',
    "APP__BY_NAME__EU__PASSWORD": CANARY,
    "APP__BY_NAME": f'{{"eu": {{"password": "{CANARY}"}}}}',
    "APP__KEYS__ONE": CANARY,
    "APP__KEYS": f'{{"one": "{CANARY}"}}',
    "APP__EITHER": f'{{"password": "{CANARY}"}}',
    "APP__OPEN__API_KEY": CANARY,
    "APP__OPEN": f'{{"api_key": "{CANARY}"}}',
    "APP__DSN": URL,
    "APP__URLS": f'["{URL}"]',
    "APP__BROKER": URL,
}


@pytest.fixture(params=PLACES)
def holder(request: pytest.FixtureRequest, site: Site) -> Site:
    """Return a project with a secret at one place."""
    site.application = AppSettings
    site.environ[request.param] = PLACES[request.param]
    return site


def leaks(text: str) -> bool:
    """Say whether the secret is in *text*."""
    return CANARY in text


def test_no_view_shows_it(holder: Site) -> None:
    found = holder.load()

    shown = [str(views.show(found))]
    shown += [str(views.explain(found, one.setting.name)) for one in found.entries]

    assert not leaks("".join(shown))


def test_it_is_known_for_the_log(holder: Site) -> None:
    assert CANARY in holder.load().secrets


def test_neither_repr_nor_str_shows_it(holder: Site) -> None:
    found = holder.load().application

    assert not leaks(f"{found!r} {found}")


def test_it_is_not_pickled(holder: Site) -> None:
    found = holder.load().application

    with pytest.raises(TypeError, match="holds secrets"):
        pickle.dumps(found)


def test_it_is_in_no_problem_of_another_setting(holder: Site) -> None:
    holder.overrides = ["app.mail.hots=x"]

    assert not leaks("".join(map(str, holder.problems())))


def test_a_secret_that_is_no_text_is_masked_and_known(site: Site) -> None:
    secret = getattr(pydantic, "Secret", None)
    if secret is None:
        pytest.skip("this pydantic has no Secret")
    site.application = create_model("AppSettings", pin=(secret[int], ...))
    site.environ["APP__PIN"] = "739164"

    found = site.load()

    assert "739164" in found.secrets
    assert "739164" not in f"{views.show(found)} {found.application!r}"


def test_a_url_is_shown_without_its_password(site: Site) -> None:
    site.application = AppSettings
    site.environ["APP__DSN"] = URL

    assert views.explain(site.load(), "app.dsn").value == "postgresql://app@db.example/name"


def test_the_address_of_a_webhook_is_a_secret_by_its_name(site: Site) -> None:
    site.application = create_model("AppSettings", webhook=(AnyUrl | None, None))
    site.environ["APP__WEBHOOK"] = f"https://hooks.example/{CANARY}"

    found = site.load()

    assert views.explain(found, "app.webhook").value == "********"
    assert CANARY not in repr(found.application)
    assert f"https://hooks.example/{CANARY}" in found.secrets


def test_a_secret_file_is_read_and_known_before_anything_is_loaded(site: Site) -> None:
    site.application = AppSettings
    site.write("mail-password", f"{CANARY}\n")
    site.environ["APP__MAIL__PASSWORD_FILE"] = "mail-password"

    assert CANARY in site.open().secrets
    found = site.load().application
    assert isinstance(found, AppSettings)
    assert found.mail.password == SecretStr(CANARY)


def test_what_secrets_toml_gives_the_application_is_known_before_anything_is_loaded(
    site: Site,
) -> None:
    site.application = AppSettings
    site.secrets(f'[default]\napp.broker = "{CANARY}"\n')

    assert CANARY in site.open().secrets
