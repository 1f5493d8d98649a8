"""Whatever pydantic takes is read from files and from variables, and shown as it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, NewType, TypeVar
from uuid import UUID

import pytest
from pydantic import (
    AliasChoices,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    computed_field,
    create_model,
)
from typing_extensions import TypedDict

from sst.config.show import views

if TYPE_CHECKING:
    from tests.unit.config.conftest import Site

Item = TypeVar("Item")
UserId = NewType("UserId", int)


class Colour(Enum):
    """Of a light."""

    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    """Of a log."""

    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """Of a map."""

    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)


class Person(TypedDict, total=False):
    """Who is asked."""

    name: str
    age: int
    break_: timedelta


class Names(RootModel[list[str]]):
    """Only a list."""


class Box(BaseModel, Generic[Item]):
    """One of something."""

    item: Item


class Server(BaseModel):
    """Where something runs."""

    host: str
    timeout: timedelta = timedelta(seconds=5)


class Node(BaseModel):
    """Of a tree."""

    name: str
    next: Node | None = None
    below: list[Node] = []


class Open(BaseModel):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")
    name: str = "a"


class Circle(BaseModel):
    """With a field that is computed."""

    radius: float = 1.0

    @computed_field  # type: ignore[prop-decorator]
    @property
    def width(self) -> float:
        """Twice the radius."""
        return self.radius * 2


def load(site: Site, annotation: Any, default: Any, *, toml: str = "", **variables: str) -> Any:  # noqa: ANN401
    """Return the value of a setting `x` of the type *annotation*."""
    site.application = create_model("AppSettings", x=(annotation, default))
    site.settings(f"[default]\n{toml}\n[development]\nprotected = false\n")
    site.environ = variables
    found: Any = site.load().application
    return found.x


def shown(site: Site) -> Any:  # noqa: ANN401
    """Return the setting as `config show` prints it."""
    return {one.name: one.value for one in views.show(site.load()).settings}["APP__X"]


TEXTS: list[tuple[Any, str, Any]] = [
    (int, "5", 5),
    (bool, "off", False),
    (Path, "~/x y", Path("~/x y")),
    (Decimal, "1.50", Decimal("1.50")),
    (datetime, "2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (date, "2024-01-02", date(2024, 1, 2)),
    (UUID, "12345678123456781234567812345678", UUID("12345678123456781234567812345678")),
    (IPv4Address, "10.0.0.1", IPv4Address("10.0.0.1")),
    (AnyUrl, "https://a.example/x", AnyUrl("https://a.example/x")),
    (bytes, "abc", b"abc"),
    (Colour, "blue", Colour.BLUE),
    (Level, "2", Level.HIGH),
    (list[Level], "1,2", [Level.LOW, Level.HIGH]),
    (Literal["a", "b"], "b", "b"),
    (Literal[1, 2], "2", 2),
    (list[Literal[1, 2]], "2,1", [2, 1]),
    (Literal["auto"] | int, "5", 5),
    (Literal["auto"] | int, "auto", "auto"),
    (UserId, "7", 7),
    (int | float | None, "5.5", 5.5),
    (tuple[int, str], '[3, "x"]', (3, "x")),
    (set[str], "a,b", {"a", "b"}),
    (frozenset[int], "1,2", frozenset({1, 2})),
    (Names, "x,y", Names(["x", "y"])),
    (dict[str, int], '{"Foo": 1}', {"Foo": 1}),
    (str | Server, "plain {", "plain {"),
    (str | Server, '{"host": "a"}', Server(host="a")),
    (Server | bool, "true", True),
    (Server | bool, '{"host": "a"}', Server(host="a")),
    (timedelta, "2h", timedelta(hours=2)),
    (timedelta, "PT2H", timedelta(hours=2)),
    (timedelta, "01:30:00", timedelta(hours=1, minutes=30)),
    (timedelta, "90", timedelta(seconds=90)),
    (timedelta | None, "1d12h", timedelta(days=1, hours=12)),
    (list[timedelta], "90s,5m", [timedelta(seconds=90), timedelta(minutes=5)]),
    (list[timedelta], '["5m", 7]', [timedelta(minutes=5), timedelta(seconds=7)]),
    (dict[str, timedelta], '{"a": "2h"}', {"a": timedelta(hours=2)}),
    (timedelta | float, "2h", timedelta(hours=2)),
    (timedelta | float, "1.5", 1.5),
    (
        list[Server],
        '[{"host": "a", "timeout": "2m"}]',
        [Server(host="a", timeout=timedelta(0, 120))],
    ),
    (Point, '{"x": 1}', Point(1)),
    (Person, '{"name": "a", "break_": "5m"}', {"name": "a", "break_": timedelta(minutes=5)}),
]


@pytest.mark.parametrize(("annotation", "text", "expected"), TEXTS)
def test_a_variable_is_read_by_the_type(
    site: Site, annotation: object, text: str, expected: object
) -> None:
    assert load(site, annotation, None, APP__X=text) == expected


FILES: list[tuple[Any, str, Any]] = [
    (timedelta, "app.x = 90", timedelta(seconds=90)),
    (timedelta, 'app.x = "2h"', timedelta(hours=2)),
    (list[timedelta], 'app.x = ["2h", 90]', [timedelta(hours=2), timedelta(seconds=90)]),
    (datetime, "app.x = 2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5)),  # noqa: DTZ001
    (Decimal, "app.x = 1.5", Decimal("1.5")),
    (Level, "app.x = 2", Level.HIGH),
    (Literal[1, 2], "app.x = 2", 2),
    (Names, 'app.x = ["a"]', Names(["a"])),
    (dict[str, int], "app.x = {Foo = 1, bAr = 2}", {"Foo": 1, "bAr": 2}),
    (dict[str, Server], "app.x.eu.host = 'a'", {"eu": Server(host="a")}),
    (tuple[Server, ...], "app.x = [{host = 'a'}]", (Server(host="a"),)),
    (Point, "app.x = {x = 1, tags = ['a']}", Point(1, 0, ["a"])),
    (Person, "app.x = {name = 'a', age = 3}", {"name": "a", "age": 3}),
    (Node, "app.x = {name = 'a', below = [{name = 'b', next = {name = 'c'}}]}", None),
    (Open, "app.x = {name = 'a', Other = 3}", Open.model_validate({"Other": 3})),
    (str | Server, "app.x.host = 'a'", Server(host="a")),
    (str | Server, "app.x = 'a'", "a"),
]


@pytest.mark.parametrize(("annotation", "toml", "expected"), FILES)
def test_a_file_gives_any_type(
    site: Site, annotation: object, toml: str, expected: object
) -> None:
    found = load(site, annotation, None, toml=toml)

    tree = Node(name="a", below=[Node(name="b", next=Node(name="c"))])
    assert found == (tree if annotation is Node else expected)


KEYS: list[tuple[Any, Any, dict[str, str], Any]] = [
    (Box[int], Box(item=1), {"APP__X__ITEM": "4"}, Box[int](item=4)),
    (Point, Point(1, 5), {"APP__X__X": "9"}, Point(9, 5)),
    (Person, None, {"APP__X__NAME": "a", "APP__X__AGE": "3"}, {"name": "a", "age": 3}),
    (dict[str, Server], {}, {"APP__X__eu__HOST": "a"}, {"eu": Server(host="a")}),
    (dict[str, int], {}, {"APP__X__Foo": "1"}, {"Foo": 1}),
    (str | Server, "x", {"APP__X__HOST": "a"}, Server(host="a")),
    (Node, Node(name="r"), {"APP__X__NEXT__NAME": "b"}, Node(name="r", next=Node(name="b"))),
    (Circle, Circle(), {"APP__X__RADIUS": "2"}, Circle(radius=2)),
    (Open, Open(), {"APP__X__NAME": "b"}, Open(name="b")),
    (Server | None, None, {"APP__X__HOST": "a"}, Server(host="a")),
]


@pytest.mark.parametrize(("annotation", "default", "variables", "expected"), KEYS)
def test_a_table_is_filled_key_by_key_from_variables(
    site: Site, annotation: object, default: object, variables: dict[str, str], expected: object
) -> None:
    assert load(site, annotation, default, **variables) == expected


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (timedelta, "90", "1m30s"),
        (list[timedelta], "90s,1d12h", ["1m30s", "1d12h"]),
        (dict[str, timedelta], '{"a": "PT2H"}', {"a": "2h"}),
        (Names, "x,y", ["x", "y"]),
        (set[str], "b,a,c", ["a", "b", "c"]),
        (Colour, "blue", "blue"),
        (Decimal, "1.50", "1.50"),
        (Point, '{"x": 1}', {"x": 1, "y": 0, "tags": []}),
        (list[Server], '[{"host": "a"}]', [{"host": "a", "timeout": "5s"}]),
    ],
)
def test_a_value_is_shown_as_it_could_be_written(
    site: Site, annotation: object, text: str, expected: object
) -> None:
    load(site, annotation, None, APP__X=text)

    assert shown(site) == expected


@pytest.mark.parametrize("name", ["maxSize", "max_size", "biggest", "largest"])
def test_an_alias_and_the_name_mean_the_same_in_files_and_variables(site: Site, name: str) -> None:
    class Model(BaseModel):
        max_size: int = Field(1, validation_alias=AliasChoices("maxSize", "biggest", "largest"))

    site.application = Model
    site.settings(f"[default]\napp.{name} = 5\n[development]\n")
    assert site.load().application == Model(maxSize=5)
    site.environ[f"APP__{name.upper()}"] = "6"
    assert site.load().application == Model(maxSize=6)
    assert f"environment APP__{name.upper()}" in site.sources_of()["APP__MAX_SIZE"]


def test_an_alias_inside_a_table_is_the_key_that_another_source_gives(site: Site) -> None:
    class Disk(BaseModel):
        size: int = Field(1, alias="sizeInBytes")

    toml = "app.x.a.sizeInBytes = 5\napp.x.b.size = 6"

    found = load(
        site, dict[str, Disk], {}, toml=toml, APP__X__A__SIZE="7", APP__X__b__SIZEINBYTES="8"
    )

    assert {key: disk.size for key, disk in found.items()} == {"a": 7, "b": 8}
