"""A table inside a setting is merged key by key, whatever the case of the variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site


class Endpoint(BaseModel):
    """Where something is sent."""

    host: str
    retries: int = 1


class Delivery(BaseModel):
    """Settings of a plugin with tables of every kind."""

    weights: dict[str, int] = {}
    named: dict[str, Endpoint] = {}
    deep: dict[str, dict[str, dict[str, int]]] = {}


_FILE = """
    [default]
    [default.plugins]
    enabled = ["d"]
    [default.plugins.d.weights]
    low = 1
    High-Water = 2
    [default.plugins.d.named.eu]
    host = "a"
    [default.plugins.d.deep.One.two]
    three = 3
    [development]
"""


@pytest.fixture
def delivery(site: Site) -> Site:
    """Return a project with one plugin that has tables in its settings."""
    site.settings(_FILE)
    site.sections["d"] = Delivery
    return site


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("PLUGINS__D__WEIGHTS__LOW", "5", "weights", {"low": 5, "High-Water": 2}),
        ("PLUGINS__D__WEIGHTS__low", "5", "weights", {"low": 5, "High-Water": 2}),
        ("PLUGINS__D__WEIGHTS__HIGH_WATER", "5", "weights", {"low": 1, "High-Water": 5}),
        ("PLUGINS__D__WEIGHTS__NEW", "5", "weights", {"low": 1, "High-Water": 2, "NEW": 5}),
        ("PLUGINS__D__WEIGHTS", '{"LOW": 5}', "weights", {"low": 5, "High-Water": 2}),
        ("PLUGINS__D__NAMED__eu__HOST", "b", "named", {"eu": {"host": "b"}}),
        ("PLUGINS__D__NAMED__EU__RETRIES", "7", "named", {"eu": {"host": "a", "retries": 7}}),
        (
            "PLUGINS__D__NAMED__us__HOST",
            "c",
            "named",
            {"eu": {"host": "a"}, "us": {"host": "c"}},
        ),
        ("PLUGINS__D__NAMED", '{"EU": {"HOST": "b"}}', "named", {"eu": {"host": "b"}}),
        ("PLUGINS__D__DEEP__ONE__TWO__THREE", "9", "deep", {"One": {"two": {"three": 9}}}),
    ],
)
def test_a_variable_finds_the_key_of_the_file(
    delivery: Site, variable: str, value: str, field: str, expected: dict[str, Any]
) -> None:
    delivery.environ[variable] = value

    found = delivery.load().plugin_settings["d"]

    assert found.model_dump(exclude_unset=True)[field] == expected


def test_keys_of_a_file_keep_their_case(delivery: Site) -> None:
    delivery.settings(_FILE + "\n    [development.plugins.d.weights]\n    LOW = 9\n")

    found = delivery.load().plugin_settings["d"]

    assert found.model_dump()["weights"] == {"low": 1, "High-Water": 2, "LOW": 9}


def test_a_value_where_a_table_is_stays_a_problem(delivery: Site) -> None:
    delivery.environ["PLUGINS__D__DEEP__ONE"] = "5"

    (problem,) = delivery.problems()

    assert problem.what == "is a value here and a table there"


def test_key_that_stands_there_in_this_very_case_goes_before_another(delivery: Site) -> None:
    delivery.settings(_FILE + "\n    [development.plugins.d.weights]\n    LOW = 9\n")
    delivery.environ["PLUGINS__D__WEIGHTS__LOW"] = "5"

    found = delivery.load().plugin_settings["d"]

    assert found.model_dump()["weights"] == {"low": 1, "High-Water": 2, "LOW": 5}


def test_what_is_no_table_is_said_of_the_source_that_has_it(delivery: Site) -> None:
    delivery.environ["PLUGINS__D__WEIGHTS"] = "5"

    (problem,) = delivery.problems()

    assert problem.source == "environment PLUGINS__D__WEIGHTS"
