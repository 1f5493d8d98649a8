"""One call of migrate.py: its command line, and the runtime that it works with."""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import nullcontext
from functools import cached_property, wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from sst.cli.call.presentation import JSON, Presentation
from sst.cli.call.streams import is_screen, results_only
from sst.command_line import PROGRAM, as_typed, name_target, typed_program
from sst.errors import SstError
from sst.kept import doubts
from sst.project_root import LOCATIONS, nearest_folder, require_project_root
from sst.tracing.call import CallTrace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sst.cli.live.display import Display
    from sst.config import Sources
    from sst.migrator.values.report import Report
    from sst.runtime import Runtime

    Form = Callable[[Report, "Invocation"], Sequence[str]]

_TAKING: weakref.WeakSet[Callable[..., Any]] = weakref.WeakSet()
P = ParamSpec("P")
T = TypeVar("T")


class Invocation:
    """The common options and, when a command asks for it, the runtime.

    The runtime is imported and made at its first use: `--help` must not wait for it.
    """

    as_json = debug = no_color = verbose = False
    """The flags, as given."""
    form_name: str | None = None
    """The word of `--format`; None where it is not given."""
    error: SstError | None = None
    """What the command ended with."""
    target = ""
    """The one of many databases that --target names."""
    _listing: Runtime | None = None
    """The runtime that has read the list, of which the target is one."""

    def __init__(self, root: Path | None, program: str = PROGRAM) -> None:
        self._given_root = root
        self.door = program
        """The way in, which the files of a project name."""
        self.program = typed_program(program)
        """What the user types before a command."""
        self.words: tuple[str, ...] = ()
        """The command line as it was given."""
        self.command = ""
        """The command's words as click understood them: `config show`; empty before that."""
        self.presentation = Presentation()
        """How that command shows its report."""
        self.overrides: tuple[str, ...] = ()
        self.left_out: tuple[str, ...] = ()
        """The plugins that --no-plugin names."""
        self.x: tuple[str, ...] = ()
        """The x arguments of env.py."""
        self.contributed: Mapping[str, click.Command] | None = None
        """The plugins' commands by name, once somebody has asked for them."""
        self.last_words: Callable[[SstError], None] | None = None
        """Prints the error after which the process ends at once, from whatever thread."""
        self._is_stdout_terminal = sys.stdout.isatty()
        self._display: Display | None = None
        """Live lines, where stderr is a terminal; made with the runtime."""
        self._early: tuple[tuple[str, ...], frozenset[str]] | None = None
        """The overrides, and the secrets that are known with them before the runtime is made."""

    def present(self, presentation: Presentation) -> None:
        """Show the report as *presentation* says; `--format json` is `--json`."""
        self.presentation = presentation
        if presentation.forms is not None and self.form_name == JSON:
            self.as_json = True

    @property
    def form(self) -> Form | None:
        """What prints the report in the form that is asked for; None for text and for JSON."""
        place = (self.presentation.forms or {}).get(self.form_name or "")
        if place is None:
            return None
        module, _, name = place.partition(":")
        found: Form = getattr(import_module(module), name)
        return found

    @cached_property
    def root(self) -> Path:
        """The project: given, else found from the working folder.

        Raises `UsageError` when there is none.
        """
        return self._given_root or require_project_root(is_named=self._names_revisions)

    @property
    def root_or_here(self) -> Path:
        """The project; the working folder where there is none yet."""
        return self._given_root or nearest_folder() or Path.cwd()

    @property
    def _names_revisions(self) -> bool:
        """Whether a variable or `--set` says where the revisions are."""
        given = (*(text.partition("=")[0] for text in self.overrides), *os.environ)
        return any(name.lower().endswith(LOCATIONS) for name in given)

    @cached_property
    def trace(self) -> CallTrace:
        """The trace of this call, from the first look at it; spans are made with the runtime."""
        return CallTrace()

    @cached_property
    def runtime(self) -> Runtime:
        """Settings and plugins, loaded; log lines go to stderr from here on."""
        from sst.runtime import open_runtime

        if doubts.current():
            from sst.db.foreign_statements import doubt_foreign_statements

            doubt_foreign_statements()
        self.trace.begin(_environment_name(), self.clean)
        with results_only():
            runtime = open_runtime(
                self.root, overrides=self.overrides, left_out=self.left_out, x=self.x
            )
            if self.target:
                runtime = self._on_target(runtime)
        if self._has_screen(runtime):
            from sst.cli.live.display import Display

            self._display = Display(
                self.clean,
                has_color=self.has_color is None,
                is_transient=self._is_stdout_terminal,
            )
            runtime.show, runtime.is_screen = self._display.run, True
        runtime.configure_logging()
        self.trace.warn()
        if self.last_words:
            runtime.last_words = self.last_words
        return runtime

    def _on_target(self, runtime: Runtime) -> Runtime:
        """Return the runtime for the target that is named, in the place of *runtime*."""
        from sst.targets.choose import named
        from sst.targets.read import read_targets

        doubts.doubt("a list says which database it is")
        # It stays open: its plugins may have made the server that the target is on.
        self._listing = runtime
        found = runtime.for_target(named(read_targets(runtime), self.target))
        name_target(self.target)
        return found

    def take(self, runtime: Runtime) -> None:
        """Work with *runtime*, which others have made, for a database of many."""
        self.__dict__["runtime"] = runtime

    def work_on(self, target: str) -> None:
        """Let *target* be the database of this call; a runtime that was made is another then.

        Raises `click.UsageError` for a second one, and for no name: a variable of the caller that
        is empty must not choose the database of the settings.
        """
        if not target:
            raise click.UsageError("--target is empty: name one of the listed databases")
        if self.target and self.target != target:
            raise click.UsageError("--target is given twice: one call works on one database")
        is_new, self.target = self.target != target, target
        if is_new and self.opened:
            with results_only():
                found = self._on_target(self.opened)
            found.configure_logging()
            self.__dict__["runtime"], self.contributed = found, None

    @property
    def has_color(self) -> bool | None:
        """False where colour is unwanted; None leaves it to the stream: only on a terminal."""
        unwanted = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return False if self.no_color or unwanted else None

    def live_lines(self) -> AbstractContextManager[object]:
        """Show on a terminal what is at work in the body."""
        return self._display or nullcontext()

    def _has_screen(self, runtime: Runtime) -> bool:
        """Say whether live lines take the place of log lines."""
        return is_screen() and not self.verbose and runtime.settings.log_level != "DEBUG"

    def sources(self) -> Sources:
        """Read the settings; no plugin is imported.

        Raises `ConfigError`, and `UsageError` when --no-plugin names none that exists.
        """
        from sst.config import open_sources
        from sst.hooks.finding.plugin_list import unknown_names

        sources = open_sources(self.root, overrides=self.overrides, left_out=self.left_out)
        if unknown := unknown_names(self.root, sources.enabled_plugins(), self.left_out):
            raise unknown
        return sources

    @property
    def opened(self) -> Runtime | None:
        """The runtime when it was made, else None."""
        return self.__dict__.get("runtime")

    def said(self, text: str) -> str:
        """Return *text* for others to read: commands as they are typed, no secret, no escape."""
        from sst.redaction.redact import visible

        return visible(self.clean(as_typed(text, self.door)))

    def clean(self, text: str) -> str:
        """Return *text*, an error's or a traceback, without what is or looks like a secret.

        Also before the settings are loaded, and when they cannot be.
        """
        from sst.redaction.redact import mask_credentials, redact

        return mask_credentials(redact(text, self._secrets))

    @property
    def _secrets(self) -> frozenset[str]:
        if self.opened:
            return self.opened.secrets
        if self._early is None or self._early[0] != self.overrides:
            # What reading the settings prints meanwhile is masked by what is known of it already.
            self._early = self.overrides, frozenset()
            self._early = self.overrides, self._early_secrets()
        return self._early[1]

    def _early_secrets(self) -> frozenset[str]:
        """Return what is known before the runtime is made; nothing where a package is missing."""
        try:
            from sst.config.binding.open_sources import early_secrets

            root = self.root_or_here
        except (ImportError, SstError):
            return frozenset()
        return early_secrets(root, overrides=self.overrides, left_out=self.left_out)

    def close(self) -> None:
        """Give back what the runtime holds."""
        for runtime in dict.fromkeys((self.opened, self._listing)):
            if runtime is not None:
                runtime.close()
        name_target("")


def _environment_name() -> str:
    """Return the environment that the variables ask for; nothing where they disagree."""
    from sst.config.sources.environment import asked_environment

    asked = asked_environment(os.environ)
    return asked[0] if isinstance(asked, tuple) else ""


def pass_runtime(function: Callable[Concatenate[Runtime, P], T]) -> Callable[P, T]:
    """Call *function* with the runtime as its first argument; it is loaded only then."""

    @wraps(function)
    def wrapper(*arguments: P.args, **options: P.kwargs) -> T:
        invocation = click.get_current_context().find_object(Invocation)
        assert invocation is not None  # noqa: S101 - `main` has put it there
        with results_only():
            runtime = invocation.runtime
            with invocation.live_lines():
                return function(runtime, *arguments, **options)

    _TAKING.add(wrapper)
    return wrapper


def takes_runtime(function: Callable[..., Any] | None) -> bool:
    """Say whether `pass_runtime` is behind *function*, whatever other decorators there are."""
    while function is not None and function not in _TAKING:
        function = getattr(function, "__wrapped__", None)
    return function is not None
