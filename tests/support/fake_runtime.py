"""A runtime without a database: what the web application asks, answered by the test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from pydantic import SecretStr

from sst.config import MigrateSettings
from sst.hooks.manager import Contribution
from sst.migrator.values.context import Version
from sst.testing import some_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sst.hooks import ApplicationContext, SettingsView
    from sst.hooks.contract.checks import Check
    from sst.runtime import Runtime

OPERATIONS_TOKEN = "canary-operations-token"
CANARY = "canary-secret"


@dataclass(frozen=True)
class FakeSettings:
    """The settings that the application reads."""

    environment: str = "development"
    protected: bool = False
    debug: bool = False
    operations_token: SecretStr | None = field(default_factory=lambda: SecretStr(OPERATIONS_TOKEN))
    metrics: str = "token"
    db_pool_size: int = 5
    db_max_overflow: int = 10
    redis_url: SecretStr | None = None
    migrate: MigrateSettings = field(default_factory=MigrateSettings)
    database_url: SecretStr | None = field(default_factory=lambda: SecretStr("postgresql:///one"))


@dataclass
class FakeInspection:
    """A look at a database in the state that the test names."""

    @property
    def heads(self) -> tuple[str, ...]:
        """The heads, as the project names them."""
        return self.expected

    state: str = "up_to_date"
    current: tuple[str, ...] = ("b2",)
    expected: tuple[str, ...] = ("b2",)
    pending: tuple[str, ...] = ()
    version_table = "public.alembic_version"
    brought_by: str | None = None
    needed_backups: frozenset[str] = frozenset()
    schema: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


@dataclass
class FakePlugins:
    """Plugins that contribute routers and middleware."""

    routers: tuple[Contribution, ...] = ()
    middleware: tuple[Contribution, ...] = ()

    def collect(self, hook: str, *, application: ApplicationContext) -> tuple[Contribution, ...]:
        """Return the routers or the middleware; the application asks for nothing else."""
        assert application.environment == "development"
        return {"register_routers": self.routers, "register_middleware": self.middleware}[hook]


@dataclass
class FakeRuntime:
    """The runtime's face towards the application; counts looks at the database."""

    settings: FakeSettings = field(default_factory=FakeSettings)
    plugins: FakePlugins = field(default_factory=FakePlugins)
    plugin_checks: tuple[Check, ...] = ()
    look: Callable[[], FakeInspection] = FakeInspection
    project: FakeInspection = field(default_factory=FakeInspection)
    migrator: object = None
    version: Version = field(default_factory=lambda: Version("0.0.0", "abc1234"))
    environment: str = "development"
    project_root: Path = Path()
    visible_settings: SettingsView = field(default_factory=some_settings)
    database_url: str = "one"
    migration_url: str = "one"
    secrets: frozenset[str] = frozenset({CANARY})
    looks: int = 0
    is_closed: bool = False

    def inspect(self) -> FakeInspection:
        """Return a new look at the database."""
        self.looks += 1
        return self.look()

    def checks(self) -> tuple[Contribution, ...]:
        """Return the plugin's checks."""
        return tuple(Contribution("fake", each) for each in self.plugin_checks)

    def redact(self, text: str) -> str:
        """Mask the one secret that there is."""
        return text.replace(CANARY, "***")

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


def fake_runtime(
    *routers: Contribution,
    checks: tuple[Check, ...] = (),
    look: Callable[[], FakeInspection] = FakeInspection,
    middleware: tuple[Contribution, ...] = (),
    **settings: Any,
) -> Runtime:
    """Return a runtime whose plugins bring these things; *settings* replace defaults."""
    fake = FakeRuntime(
        settings=replace(FakeSettings(), **settings),
        plugins=FakePlugins(routers, middleware),
        plugin_checks=checks,
        look=look,
    )
    return cast("Runtime", fake)
