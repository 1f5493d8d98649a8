"""A secret does not get into a pickle by any way that a model offers; copies stay possible."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, SupportsIndex

import pytest
from pydantic import BaseModel, ConfigDict, RootModel, SecretStr

from sst.config.declared.secret_pickles import keep_secrets

CANARY = "s3cret-canary"
SECRET = SecretStr(CANARY)


class Inner(BaseModel):
    """A secret in a model."""

    key: SecretStr = SECRET


@dataclass
class Plain:
    """A secret in a dataclass."""

    key: SecretStr = SECRET


class Pair(NamedTuple):
    """A secret in a tuple."""

    key: SecretStr = SECRET


class Nested(BaseModel):
    """Secrets in collections."""

    by_name: dict[str, Inner] = {"a": Inner()}
    choice: Inner | int = Inner()


class Root(RootModel[list[Inner]]):
    """A model that is a list."""


class HoldsRoot(BaseModel):
    """A list of models behind a name."""

    root_model: Root = Root([Inner()])


class HoldsDataclass(BaseModel):
    """No model is in it, and a secret all the same."""

    plain: list[Plain] = [Plain()]
    pair: Pair = Pair()


class Untyped(BaseModel):
    """Its type says nothing."""

    anything: Any = [{"a": SECRET}]


class Open(BaseModel):
    """It takes what it does not know."""

    model_config = ConfigDict(extra="allow")


class OwnReduce(BaseModel):
    """It says itself how it is pickled."""

    key: SecretStr = SECRET

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (self.key.get_secret_value(),)


class OwnReduceEx(BaseModel):
    """The same, one door further."""

    key: SecretStr = SECRET

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        return str, (self.key.get_secret_value(),)


class Base(BaseModel):
    """Nothing secret."""

    number: int = 1


class Derived(Base):
    """A secret more than its base."""

    key: SecretStr = SECRET


class HoldsBase(BaseModel):
    """It is given more than it declares."""

    base: Base = Derived()


class PluginOf:
    """A plugin, which holds its settings."""

    def __init__(self, config: BaseModel) -> None:
        self.config = config


CONFIGS = [
    *(Nested(), HoldsRoot(), HoldsDataclass(), Untyped(), OwnReduce(), OwnReduceEx(), HoldsBase()),
    *(Open.model_validate({"any": SECRET}), Open.model_validate({"api_token": CANARY})),
]

every_config = pytest.mark.parametrize(
    "config", CONFIGS, ids=[f"{type(each).__name__} {n}" for n, each in enumerate(CONFIGS)]
)


@every_config
def test_secret_is_in_no_pickle(config: BaseModel) -> None:
    """Nor in that of the plugin, nor on the way to another process."""
    keep_secrets(type(config))

    for dumps in (pickle.dumps, ForkingPickler.dumps):
        for value in (config, [config], PluginOf(config)):
            with pytest.raises(TypeError, match="not pickled: it holds secrets; hand") as raised:
                dumps(value)
            assert CANARY not in str(raised.value)


@every_config
def test_settings_with_a_secret_are_copied(config: BaseModel) -> None:
    keep_secrets(type(config))

    assert copy.copy(config) == copy.deepcopy(config) == config.model_copy(deep=True) == config
    assert copy.deepcopy(PluginOf(config)).config == config


def test_untyped_settings_without_a_secret_are_pickled() -> None:
    for model in (Untyped, Open, Base):
        keep_secrets(model)
        keep_secrets(model)
    config = Untyped(anything={"a": [1]})

    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own
    assert pickle.loads(pickle.dumps(Open())) == Open()  # noqa: S301 - our own
