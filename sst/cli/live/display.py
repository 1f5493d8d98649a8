"""Live lines at the end of stderr; whatever else is printed meanwhile goes above them."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Self

from sst.cli.live.lines import Line, live_lines
from sst.cli.live.words import NO_COLOUR, harmless, last_written, one_line, with_colours
from sst.hooks.progress import lines_at_work
from sst.layout.cells import columns_of, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleDimensions
    from rich.live import Live
    from rich.text import Text

    from sst.hooks.progress import ProgressLine
    from sst.migrator.run.progress import Progress
    from sst.redaction.plugin_output import BoundedStream

_INTERVAL_SECONDS = 0.1
_FIRST_AFTER_SECONDS = 0.3
_JOIN_SECONDS = 2.0
_GAP = 2
_LEAST_TEXT = 8
_USUAL_COLUMNS, _USUAL_LINES = 80, 24
_CURRENT: list[Display] = []


class Display:
    """Draws what is at work while it is entered; nothing before there is something to show.

    *clean* masks secrets; without *has_color* it is drawn in one colour. When it is left the lines
    are removed, if *is_transient*: the result follows on the same screen.
    """

    def __init__(
        self, clean: Callable[[str], str], *, has_color: bool, is_transient: bool
    ) -> None:
        self._clean = clean
        self._has_color = has_color
        self._is_transient = is_transient
        self._run: Progress | None = None
        self._live: Live | None = None
        self._pending = ""
        """What was printed last and is no whole line yet."""
        self._has_let_colour_through = False
        self._door = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="live-lines", daemon=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        _CURRENT.append(self)
        _stderr().above = self._print_above
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Draw no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)
        _CURRENT.remove(self)
        self._stop()
        _stderr().above = None
        if self._has_let_colour_through:
            _stderr().write(NO_COLOUR)

    @contextmanager
    def run(self, progress: Progress) -> Iterator[None]:
        """Show *progress* for the body."""
        self._run = progress
        try:
            yield
        finally:
            # No work is inside it any more: a line that a plugin has left is not asked.
            with suppress(Exception):
                self._draw(())
            self._run = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Draw nothing for the body, which asks on the terminal."""
        with self._door:
            self._stop()
            yield

    def _draw_on(self) -> None:
        if self._over.wait(_FIRST_AFTER_SECONDS):
            return
        while not self._over.wait(_INTERVAL_SECONDS):
            # The run is what counts: a terminal may go away, a plugin's line may be nonsense.
            with suppress(Exception):
                self._draw(lines_at_work())

    def _draw(self, at_work: Sequence[ProgressLine]) -> None:
        lines = live_lines(self._run, at_work)
        with self._door:
            if self._over.is_set() or not (lines or self._live):
                return
            live = self._live or self._start()
            # As it is now, whatever COLUMNS and LINES were when the command began.
            live.console.size = _size(live.console.file)
            begun = last_written(self._pending)
            shown = (Line(begun), *lines) if begun.strip() else lines
            live.update(_drawn(shown, live.console, self._clean), refresh=True)

    def _start(self) -> Live:
        from rich.live import Live

        self._live = live = Live(
            console=_console(_stderr(), has_color=self._has_color),
            auto_refresh=False,
            transient=self._is_transient,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        live.start()
        return live

    def _stop(self) -> None:
        with self._door:
            live, self._live = self._live, None
            if live is None:
                return
            with suppress(OSError):
                live.stop()
            if self._pending:
                # The result, or a question, begins in a line of its own.
                _stderr().write(f"{self._pending}\n")
                self._pending = ""

    def _print_above(self, text: str) -> None:
        """Print the whole lines of *text* above the live ones, and draw the rest with them."""
        if self._live is None:
            self._print_below(text)
            return
        with self._door:
            if self._live is None:
                self._print_below(text)
                return
            *lines, self._pending = f"{self._pending}{text}".split("\n")
            if lines:
                self._live.console.print(with_colours(lines), soft_wrap=True)

    def _print_below(self, text: str) -> None:
        """Print *text* where the cursor is; who asks on the terminal is not waited for."""
        shown = harmless(text)
        self._has_let_colour_through |= "\x1b" in shown
        _stderr().unbounded.write(shown)


@contextmanager
def without_lines() -> Iterator[None]:
    """Draw no live lines for the body, which asks on the terminal."""
    if _CURRENT:
        with _CURRENT[-1].paused():
            yield
    else:
        yield


def _stderr() -> BoundedStream:
    return sys.stderr  # type: ignore[return-value] # `main` has made it one


def _console(stream: BoundedStream, *, has_color: bool) -> Console:
    from rich.console import Console

    class Visible(Console):
        """A console that never hides the cursor: a killed process could not bring it back."""

        def show_cursor(self, show: bool = True) -> bool:  # noqa: FBT001, FBT002 - the library's
            """Leave the cursor as it is."""
            del show
            return False

    return Visible(file=stream.unbounded, force_terminal=True, no_color=not has_color)


def _size(stream: IO[str]) -> ConsoleDimensions:
    from rich.console import ConsoleDimensions

    try:
        columns, lines = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        columns, lines = 0, 0
    return ConsoleDimensions(columns or _USUAL_COLUMNS, lines or _USUAL_LINES)


def _drawn(lines: tuple[Line, ...], console: Console, clean: Callable[[str], str]) -> Text:
    """Return *lines* as one text, none wider than the console, none beyond its height."""
    from rich.text import Text

    # Behind the last line the terminal may write `^C`.
    width, height = console.width - len("^C") - 1, console.height - 1
    # What is newest is at the end; the title stays.
    shown = lines if len(lines) <= height else (*lines[:1], *lines[1 - height :])
    drawn = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(shown):
        drawn.append("\n" if number else "")
        drawn.append_text(
            _fitted(line, width, lambda text: one_line(clean(text), console.encoding))
        )
    return drawn


def _fitted(line: Line, width: int, clean: Callable[[str], str]) -> Text:
    from rich.text import Text

    before, text, after = clean(line.before), clean(line.text), line.after
    room = width - columns_of(before) - _GAP
    if after:
        room -= columns_of(after) + _GAP
    if columns_of(text) > max(room, 0):
        text = cut(text, room) if room > _LEAST_TEXT else ""
    drawn = Text.assemble((before, line.style), f"  {text}" if text else "")
    if after:
        drawn.append(" " * max(_GAP, width - drawn.cell_len - columns_of(after)) + after)
    drawn.truncate(width)
    return drawn
