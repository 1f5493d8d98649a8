"""The parts of a value and their declared types, by whichever name a source gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, NotRequired

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, SecretStr
from typing_extensions import TypedDict

from sst.config.declared.nested import below, known_keys, meant_by, unknown_keys, written
from sst.config.declared.validation import by_alias


class Disk(BaseModel):
    """With aliases."""

    kind: Literal["disk"] = "disk"
    size: int = Field(1, alias="sizeInBytes")
    key: SecretStr | None = Field(None, validation_alias=AliasChoices("k", "secretKey"))


class Bucket(BaseModel):
    """Another one."""

    kind: Literal["s3"] = "s3"
    bucket: str = ""


class Open(BaseModel):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")


class Disks(RootModel[list[Disk]]):
    """Only a list."""


@dataclass
class Point:
    """No model."""

    count: ClassVar[int] = 0
    x: int
    every: timedelta | None = None


class Person(TypedDict):
    """No model either."""

    name: str
    every: NotRequired[timedelta]


@pytest.mark.parametrize(
    ("annotation", "steps", "expected"),
    [
        (Disk, ("size",), int),
        (Disk, ("sizeInBytes",), int),
        (Disk, ("SIZE",), int),
        (list[Disk], (3, "size"), int),
        (dict[str, list[Disk]], ("a", 0, "size"), int),
        (tuple[int, Disk], (1, "size"), int),
        (Disks, (0, "size"), int),
        (Disk | None, ("size",), int),
        (Disk | Bucket, ("bucket",), str),
        (Annotated[Disk | Bucket, Field(discriminator="kind")], ("size",), int),
        (Point, ("every",), timedelta | None),
        (Person, ("name",), str),
        (dict[str, int], ("any",), int),
        (Disk, ("nothing",), Any),
    ],
)
def test_the_type_at_a_place_is_the_declared_one(
    annotation: object, steps: tuple[str | int, ...], expected: object
) -> None:
    for step in steps:
        annotation, _ = below(annotation, step)

    assert annotation == expected


@pytest.mark.parametrize("key", ["key", "k", "secretKey", "KEY", "SECRETKEY"])
def test_a_secret_is_one_by_each_of_its_names(key: str) -> None:
    assert below(Disk, key)[1]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Disk, ("kind", "size", "sizeInBytes", "key", "k", "secretKey")),
        (Disk | Bucket, ("kind", "size", "sizeInBytes", "key", "k", "secretKey", "bucket")),
        (str | Bucket, ("kind", "bucket")),
        (Point, ("x", "every")),
        (Person, ("name", "every")),
        (Open, ()),
        (Bucket | Open, ()),
        (Bucket | dict[str, int], ()),
        (Any, ()),
        (int, ()),
    ],
)
def test_the_keys_of_a_table_are_known_unless_any_is_taken(
    annotation: object, expected: tuple[str, ...]
) -> None:
    assert known_keys(annotation) == expected


def test_unknown_keys_are_found_at_any_depth() -> None:
    value = {"a": [{"size": 1}, {"siez": 1}], "b": [{"sizeInBytes": 1, "nothing": {"x": 1}}]}

    found = [written(place) for place, _ in unknown_keys(dict[str, list[Disk]], value)]

    assert found == [".a[1].siez", ".b[0].nothing"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"kind": "s3"}, Bucket),
        ({"kind": "disk", "bucket": "x"}, Disk),
        ({"kind": "other"}, None),
        ({"bucket": "x"}, None),
        ({"kind": ["s3"]}, None),
    ],
)
def test_a_key_says_which_of_several_tables_is_meant(
    table: dict[str, Any], expected: object
) -> None:
    assert meant_by(Disk | Bucket, table) is expected
    assert meant_by(Disk, table) is None


def test_a_pydantic_that_knows_only_aliases_is_given_them() -> None:
    value = {"a": [{"size": 1, "key": "x"}, {"sizeInBytes": 2, "secretKey": "x"}], "b": []}

    assert by_alias(dict[str, list[Disk]], value) == {
        "a": [{"sizeInBytes": 1, "k": "x"}, {"sizeInBytes": 2, "k": "x"}],
        "b": [],
    }
