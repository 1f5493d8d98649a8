"""Lists and unions of tables: what is wrong in them is told by index and key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sst.config.show import views

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Server(BaseModel):
    """An item of a list."""

    host: str
    port: int = 80
    token: SecretStr | None = None
    timeout: timedelta = timedelta(seconds=5)


class Disk(BaseModel):
    """A folder; no other key."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["disk"] = "disk"
    folder: str


class Bucket(BaseModel):
    """An object store; no other key."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["s3"] = "s3"
    bucket: str
    key: SecretStr | None = None


Store = Annotated[Disk | Bucket, Field(discriminator="kind")]


@dataclass
class Point:
    """A table that is no model."""

    longitude: float
    latitude: float


class AppSettings(BaseModel):
    """What a team might have."""

    servers: list[Server] = []
    regions: dict[str, Server] = {}
    store: Store = Disk(folder="uploads")
    stores: list[Store] = []
    point: Point | None = None


@pytest.fixture
def team(site: Site) -> Site:
    """Return a project with tables."""
    site.application = AppSettings
    return site


def lines(site: Site) -> list[str]:
    """Return the problems as they are told."""
    return [str(one) for one in site.problems()]


def store(site: Site) -> Disk | Bucket:
    """Return the store that is in force."""
    found = site.load().application
    assert isinstance(found, AppSettings)
    return found.store


def test_a_wrong_item_is_named_by_index_and_key(team: Site) -> None:
    team.settings("""
        [[default.app.servers]]
        host = "a"
        [[default.app.servers]]
        host = "b"
        port = "x"
        timeout = "2 moons"
        [[default.app.servers]]
        prot = 3
        [development]
    """)

    assert lines(team) == [
        (
            "APP__SERVERS[2].prot: is not a setting [settings.toml:1 [default]] "
            "-> did you mean 'port'?"
        ),
        (
            "APP__SERVERS[1].port: should be a valid integer, unable to parse string as an "
            "integer [settings.toml:1 [default]]"
        ),
        (
            "APP__SERVERS[1].timeout: should be a duration, such as 90s, 2h or 1d12h "
            "[settings.toml:1 [default]]"
        ),
        "APP__SERVERS[2].host: is required and has no value [settings.toml:1 [default]]",
    ]


def test_a_wrong_item_of_a_variable_is_named_without_its_secret(team: Site) -> None:
    team.environ["APP__SERVERS"] = '[{"host": "a", "token": ["hunter2-canary"], "port": "x"}]'

    assert [line.partition(" ")[0] for line in lines(team)] == [
        "APP__SERVERS[0].port:",
        "APP__SERVERS[0].token:",
    ]
    assert "hunter2" not in "".join(lines(team))


@pytest.mark.parametrize("text", ["a,b", '["a", "b"]'])
def test_words_where_tables_should_be_are_refused_one_by_one(team: Site, text: str) -> None:
    team.environ["APP__SERVERS"] = text

    assert lines(team) == [
        "APP__SERVERS[0]: should be a table [environment APP__SERVERS]",
        "APP__SERVERS[1]: should be a table [environment APP__SERVERS]",
    ]


def test_a_wrong_key_of_a_named_table_names_the_source_of_that_key(team: Site) -> None:
    team.settings('[default]\napp.regions.eu.host = "a"\n[development]\n')
    team.environ |= {"APP__REGIONS__EU__PORT": "x", "APP__REGIONS__US__HOST": "b"}

    assert lines(team) == [
        (
            "APP__REGIONS.eu.port: should be a valid integer, unable to parse string as an "
            "integer [environment APP__REGIONS__EU__PORT]"
        )
    ]


def test_a_secret_in_a_list_is_masked_and_known(team: Site) -> None:
    team.environ["APP__SERVERS"] = '[{"host": "a", "token": "hunter2-canary"}]'

    found = team.load()

    assert views.explain(found, "app.servers").value == [
        {"host": "a", "port": 80, "token": "********", "timeout": "5s"}
    ]
    assert "hunter2-canary" in found.secrets


def test_a_secret_of_one_key_of_a_table_is_masked_and_known(team: Site) -> None:
    """The field's name does not tell, only its type."""
    team.environ |= {
        "APP__STORE__KIND": "s3",
        "APP__STORE__BUCKET": "b",
        "APP__STORE__KEY": "hunter2-canary",
    }

    found = team.load()

    assert views.explain(found, "app.store").value == {
        "kind": "s3",
        "bucket": "b",
        "key": "********",
    }
    assert "hunter2-canary" in found.secrets
    assert "hunter2" not in str(views.explain(found, "app.store"))


@pytest.mark.parametrize(
    "variables",
    [
        {"APP__STORE": '{"kind": "s3", "bucket": "b"}'},
        {"APP__STORE__KIND": "s3", "APP__STORE__BUCKET": "b"},
    ],
)
def test_another_table_than_the_default_is_taken_whole_or_key_by_key(
    team: Site, variables: dict[str, str]
) -> None:
    team.environ |= variables

    assert store(team) == Bucket(bucket="b")


def test_another_table_than_that_of_the_file_drops_the_keys_that_it_has_not(team: Site) -> None:
    team.settings('[default]\napp.store = {kind = "disk", folder = "f"}\n[development]\n')
    assert store(team) == Disk(folder="f")

    team.environ |= {"APP__STORE__KIND": "s3", "APP__STORE__BUCKET": "b"}

    assert store(team) == Bucket(bucket="b")


def test_one_key_of_the_table_that_the_file_chose_is_enough(team: Site) -> None:
    team.settings('[default]\napp.store = {kind = "s3", bucket = "a"}\n[development]\n')
    team.environ["APP__STORE__BUCKET"] = "b"

    assert store(team) == Bucket(bucket="b")


def test_one_key_of_the_default_is_enough(team: Site) -> None:
    team.environ["APP__STORE__FOLDER"] = "other"

    assert store(team) == Disk(folder="other")


def test_a_misspelt_key_of_one_of_several_tables_is_told(team: Site) -> None:
    team.environ |= {"APP__STORE__KIND": "s3", "APP__STORE__BUCKTE": "b"}

    assert lines(team) == [
        (
            "APP__STORE.BUCKTE: is not a setting [environment APP__STORE__BUCKTE] "
            "-> did you mean 'bucket'?"
        ),
        "APP__STORE.bucket: is required and has no value [environment APP__STORE__KIND]",
    ]


def test_an_item_that_is_none_of_the_tables_is_named(team: Site) -> None:
    team.settings("""
        [default]
        app.stores = [{kind = "s4"}, {folder = "f"}, {kind = "s3"}]
        [development]
    """)

    found = lines(team)

    assert "'s4'" in found[0]
    assert found[1:] == [
        ("APP__STORES[1]: does not say which of several tables it is [settings.toml:2 [default]]"),
        "APP__STORES[2].bucket: is required and has no value [settings.toml:2 [default]]",
    ]


def test_a_misspelt_key_of_a_dataclass_is_told_too(team: Site) -> None:
    team.environ |= {"APP__POINT__LONGITUDE": "1", "APP__POINT__LATITUD": "2"}

    assert lines(team) == [
        (
            "APP__POINT.LATITUD: is not a setting [environment APP__POINT__LATITUD] "
            "-> did you mean 'latitude'?"
        ),
        "APP__POINT.latitude: is required and has no value [environment APP__POINT__LONGITUDE]",
    ]
