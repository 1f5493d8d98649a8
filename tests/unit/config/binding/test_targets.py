"""The settings of one database of many: what is carried over from the others changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sst.config.sources.target import Target
from sst.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sst.config import Sources
    from tests.unit.config.conftest import Site

SECRET = "canary-of-the-second"


class Notify(BaseModel):
    """The settings of a plugin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "https://hooks.example"
    token: SecretStr = SecretStr("none")
    attempts: int = Field(3, ge=1)
    words: tuple[str, ...] = ("one",)
    headers: dict[str, str] = Field(default_factory=dict)


class Own(BaseModel):
    """The settings of the application."""

    api_key: str = "k"
    size: int = 1


SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "migrate.lock_wait": st.sampled_from([3, "4", "soon", -1, True]),
    "MIGRATE.LOCK_TIMEOUT": st.sampled_from(["2", 0.5, "@int 5"]),
    "migrate.lok_wait": st.just("3"),
    "migrate": st.sampled_from([{"lock_wait": 5}, {"lock_wait": "x", "nothing": 1}, {}]),
    "db_pool_size": st.sampled_from(["7", 0, "many"]),
    "redis_url": st.sampled_from([f"redis://:{SECRET}@r.example/0", "embedded"]),
    "plugins.notify.token": st.sampled_from([SECRET, "@format {env[X]}", 17]),
    "plugins.notify.attempts": st.sampled_from(["5", 0, "none"]),
    "plugins.notify.words": st.sampled_from(["a,b", ["dynaconf_merge", "x"], '["c"]']),
    "plugins.notify.headers": st.sampled_from([{"X-Key": SECRET}, '{"a": "b"}', "no table"]),
    "plugins.notify.enabled": st.just(value=False),
    "plugins.enabled": st.sampled_from([[], "notify", ["other"]]),
    "plugins.other.url": st.just("x"),
    "app.api_key": st.sampled_from([SECRET, ""]),
    "app.size": st.sampled_from(["2", "large"]),
    "app_settings": st.just("other:Model"),
    "protected": st.just(value=False),
    "debug": st.just(value=True),
    "database_url": st.just("postgresql://h/other"),
    "unheard_of": st.just("1"),
}
URLS = st.sampled_from(
    [
        "postgresql:///acme",
        f"postgresql://o:{SECRET}@h/acme",
        "embedded",
        "postgresql://o:CHANGE@h/a",
    ]
)
TARGETS = st.builds(
    Target,
    st.sampled_from(["acme", "bolt"]),
    URLS,
    st.fixed_dictionaries({}, optional=SETTINGS),
    st.just({"region": "eu"}),
    st.sampled_from(["", "tenant"]),
    st.just("targets.toml [acme]"),
)


@pytest.fixture
def many(site: Site) -> Site:
    """Return a project whose sources all speak, some of them wrongly where that is a warning."""
    site.settings("""
        [default]
        APP_SETTINGS = "app.settings:AppSettings"
        [default.plugins]
        enabled = ["notify"]
        [default.plugins.notify]
        attempts = 2
        words = ["base"]
        [development]
        protected = false
        [production]
        [production.migrate]
        lock_wait = 8
    """)
    site.secrets("[production.plugins.notify]\ntoken = 'from-the-file'")
    site.write(".secrets.toml.example", "[production]\nDATABASE_URL = 'postgresql://o:CHANGE@h/a'")
    (site.root / "words").write_text("from,a,file")
    site.environ |= {
        "ENV_FOR_DYNACONF": "production",
        "DATABASE_URL": "postgresql://o:base-password@h/base",
        "PLUGINS__NOTIFY__WORDS_FILE": "words",
        "DYNACONF_DEBUG": "true",
        "SOME_API_TOKEN": "of-another-program",
    }
    site.sections["notify"] = Notify
    site.application = Own
    return site


def outcome(site: Site, sources: Sources) -> Mapping[str, Any]:
    """Return all that binding *sources* gives, or every problem."""
    try:
        found = sources.bind(site.sections, site.values, application=site.application)
    except ConfigError as error:
        return {"problems": error.problems}
    return {
        "core": found.settings,
        "plugins": dict(found.plugin_settings),
        "application": found.application,
        "choice": found.choice,
        "secrets": found.secrets,
        "core secrets": sources.core_secrets,
        "warnings": found.warnings,
        "entries": found.entries,
        "shown": repr(found),
    }


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(TARGETS, min_size=1, max_size=4))
def test_what_is_carried_over_changes_nothing(many: Site, targets: list[Target]) -> None:
    base = many.open()
    outcome(many, base)

    found = [outcome(many, base.for_target(each)) for each in targets]

    # Read anew for each of them, in the way in which one database alone is bound.
    assert found == [outcome(many, replace(many.open(), target=each)) for each in targets]


def test_the_shapes_are_those_that_bind_and_those_that_do_not(many: Site) -> None:
    base = many.open()
    plain = Target("acme", "postgresql:///acme", {"plugins.notify.token": SECRET}, source="t")
    wrong = replace(plain, settings={"migrate.lok_wait": "3", "plugins.enabled": []})

    kinds = [set(outcome(many, base.for_target(each))) for each in (plain, wrong, plain)]

    assert [{"problems"} == kind for kind in kinds] == [False, True, False]


def test_secrets_of_one_target_are_not_those_of_the_next(many: Site) -> None:
    base = many.open()
    first = Target("acme", "postgresql://o:only-of-acme@h/a", {"app.api_key": SECRET}, source="t")
    second = Target("bolt", "postgresql:///b", source="t")

    secrets = [outcome(many, base.for_target(each))["secrets"] for each in (first, second)]

    assert {"only-of-acme", SECRET} <= secrets[0]
    assert not {"only-of-acme", SECRET} & secrets[1]


def test_file_of_a_secret_is_read_anew_for_each_target(many: Site) -> None:
    base, path = many.open(), many.root / "words"
    path.write_text("first")
    words = []
    for text in ("first", "second"):
        path.write_text(text)
        found = outcome(many, base.for_target(Target("acme", "postgresql:///a", source="t")))
        words.append(found["plugins"]["notify"].words)

    assert words == [("first",), ("second",)]
