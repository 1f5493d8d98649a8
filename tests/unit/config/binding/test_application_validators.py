"""What a validator of the application's model says is told, with its setting and its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr, field_validator, model_validator

if TYPE_CHECKING:
    from typing import Self

    from tests.unit.config.conftest import Site


class Window(BaseModel):
    """Two values that belong together."""

    low: int = 1
    high: int = 2

    @field_validator("low")
    @classmethod
    def is_known(cls, value: int) -> int:
        """Refuse one value, and break on another."""
        if value == 13:
            raise ValueError("13 is not for sale")
        if value == 99:
            raise RuntimeError("broken-validator")
        return value

    @model_validator(mode="after")
    def is_in_order(self) -> Self:
        """Refuse a window that is upside down."""
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def test_the_message_of_a_validator_is_told_with_its_setting(site: Site) -> None:
    site.application = Window
    site.environ["APP__LOW"] = "13"

    assert [str(one) for one in site.problems()] == [
        "APP__LOW: 13 is not for sale [environment APP__LOW]"
    ]


def test_the_message_of_a_validator_of_the_whole_names_what_it_saw(site: Site) -> None:
    class Model(BaseModel):
        window: Window = Window()

    site.application = Model
    site.settings("[default]\napp.window.low = 5\n[development]\n")
    site.environ["APP__WINDOW__HIGH"] = "3"

    assert [str(one) for one in site.problems()] == [
        (
            "app.window: low is above high [settings.toml:2 [default] and "
            "environment APP__WINDOW__HIGH]"
        )
    ]


def test_a_validator_that_breaks_is_named_by_file_and_line(site: Site) -> None:
    site.application = Window
    site.environ["APP__LOW"] = "99"

    [problem] = site.problems()

    assert (problem.subject, problem.hint) == ("app", "correct the validator")
    assert problem.what == "the validator of Window raised RuntimeError"
    assert "test_application_validators.py:" in problem.source


def test_a_secret_in_the_message_of_a_validator_is_masked(site: Site) -> None:
    class Model(BaseModel):
        user: str = "u"
        password: SecretStr = SecretStr("")

        @model_validator(mode="after")
        def refuse(self) -> Self:
            """Say too much."""
            raise ValueError(f"{self.user} has {self.password.get_secret_value()}")

    site.application = Model
    site.environ["APP__PASSWORD"] = "hunter2-canary"

    [problem] = site.problems()

    assert problem.what == "u has ********"


def test_the_validator_of_a_secret_is_not_quoted(site: Site) -> None:
    class Model(BaseModel):
        password: SecretStr = SecretStr("")

        @field_validator("password")
        @classmethod
        def refuse(cls, value: SecretStr) -> SecretStr:
            """Say a part of it."""
            raise ValueError(f"begins with {value.get_secret_value()[:4]}")

    site.application = Model
    site.environ["APP__PASSWORD"] = "hunter2-canary"

    [problem] = site.problems()

    assert problem.what == "was refused by its validator"
