"""The watch: bounded, spread, and alive whatever a look or the list does."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sst.config.sources.target import Target
from sst.errors import DatabaseUnreachableError
from sst.fleet.inventory import watch as module
from sst.fleet.inventory.watch import Watch
from sst.hooks.contract.checks import CheckStatus
from sst.migrator.standing.brief import Brief, Mark
from sst.migrator.standing.headline import Headline
from tests.support.forks import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

GOOD = Headline(CheckStatus.PASS, "The database is up to date.", "nothing to do")
NAMES = ("a", "b", "c", "d")


class Look:
    """A look that does what *read* does."""

    def __init__(self, read: Callable[[], Brief], *, is_same: bool = False) -> None:
        self.read, self._is_same = read, is_same
        self.ended = threading.Event()

    def is_as_at(self, _mark: Mark) -> bool:
        return self._is_same

    def end(self) -> None:
        self.ended.set()


def good() -> Brief:
    """Return that all is well."""
    return Brief("up_to_date", ("one",), GOOD, mark=Mark("question", "digest"))


def targets(*names: str) -> tuple[Target, ...]:
    """Return targets of these names."""
    return tuple(Target(name, f"postgresql://h/{name}") for name in names)


@contextmanager
def watching(
    look_at: Callable[[Target], Any],
    list_targets: Callable[[], Sequence[Target]] = lambda: targets(*NAMES),
    *,
    every_seconds: float = 0.01,
    look_seconds: float = 60.0,
    at_once: int = 2,
) -> Iterator[Watch]:
    """Yield a watch at work."""
    watch = Watch(
        list_targets,
        look_at,
        lambda: ("one",),
        every_seconds=every_seconds,
        at_once=at_once,
        look_seconds=look_seconds,
    )
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def test_no_more_looks_are_at_work_than_allowed() -> None:
    begun, gate = [], threading.Event()

    def look_at(target: Target) -> Look:
        def read() -> Brief:
            begun.append(target.name)
            gate.wait(60)
            return good()

        return Look(read)

    with watching(look_at, every_seconds=0.1) as watch:
        wait_until(lambda: len(begun) >= 2, "two have begun")
        at_once = len(begun)
        gate.set()
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 4, "all are seen")

    assert at_once == 2


def test_look_that_hangs_is_given_up_and_broken_off() -> None:
    forever = threading.Event()
    hung: list[Look] = []

    def hang() -> Brief:
        forever.wait()
        return good()

    def look_at(target: Target) -> Look:
        if target.name != "a":
            return Look(good)
        hung.append(Look(hang))
        return hung[-1]

    with watching(look_at, look_seconds=0.5) as watch:
        wait_until(lambda: watch.inventory().counts["unreachable"] == 1, "it is lost")
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 3, "the others are seen")
        lost = watch.inventory().lost.entries[0]
        seen = watch.inventory().oldest_at
        wait_until(lambda: watch.inventory().oldest_at != seen, "they are seen again")
        begun = len(hung)
        forever.set()
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 4, "it is back")

    assert hung[0].ended.is_set()
    assert begun == 1
    assert (lost.name, lost.why) == ("a", "no answer within 0.5 s")


@pytest.mark.parametrize(("waited", "asked"), [(5.0, 1), (0.1, 3)])
def test_only_one_waits_for_a_server_that_gives_no_connection(waited: float, asked: int) -> None:
    looks: list[str] = []

    def look_at(target: Target) -> Look:
        def read() -> Brief:
            looks.append(target.name)
            error = DatabaseUnreachableError(what="Cannot connect.", why="timeout expired")
            error.waited_seconds = waited
            raise error

        return Look(read if target.url.startswith("postgresql://away") else good)

    def listed() -> Sequence[Target]:
        away = tuple(Target(name, f"postgresql://away/{name}") for name in NAMES[1:])
        return (*targets("a"), *away)

    with watching(look_at, listed, every_seconds=3600, at_once=1) as watch:
        wait_until(lambda: watch.inventory().counts["unreachable"] == 3, "all are told")
        found = watch.inventory()

    assert found.counts["up_to_date"] == 1
    assert looks == ["b", "c", "d"][:asked]
    last = found.lost.entries[-1].why
    assert ("Not asked" in last, "timeout expired" in last) == (asked == 1, True)


def test_server_that_gave_no_connection_is_asked_again_in_the_next_round() -> None:
    answers = iter([False])

    def look_at(_target: Target) -> Look:
        def read() -> Brief:
            if next(answers, True):
                return good()
            error = DatabaseUnreachableError(what="Cannot connect.", why="timeout expired")
            error.waited_seconds = 5.0
            raise error

        return Look(read)

    with watching(look_at) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 4, "all are back")


def test_bug_in_a_look_is_said_of_that_database_and_ends_nothing() -> None:
    def look_at(target: Target) -> Look:
        if target.name == "b":
            raise ZeroDivisionError
        return Look(good)

    with watching(look_at) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 3, "the others are seen")
        wait_until(lambda: watch.inventory().lost.count == 1, "it is lost")
        why = watch.inventory().lost.entries[0].why

    assert why == "ZeroDivisionError; the log has the details"


def test_list_that_breaks_is_said_and_the_old_one_is_looked_at_further() -> None:
    is_broken, looked = threading.Event(), []

    def list_targets() -> Sequence[Target]:
        if is_broken.is_set():
            raise ValueError
        return targets("a")

    def look_at(target: Target) -> Look:
        looked.append(target.name)
        return Look(good)

    with watching(look_at, list_targets) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 1, "it is seen")
        is_broken.set()
        wait_until(lambda: watch.inventory().list_error, "it is said")
        before = len(looked)
        wait_until(lambda: len(looked) > before + 1, "it is looked at further")
        found = watch.inventory()
        is_broken.clear()
        wait_until(lambda: not watch.inventory().list_error, "it is read again")

    assert found.is_listed
    assert found.counts["up_to_date"] == 1


def test_first_list_that_cannot_be_read_is_read_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_AGAIN_SECONDS", 0.01)
    asked: list[int] = []

    def list_targets() -> Sequence[Target]:
        asked.append(1)
        if len(asked) < 3:
            raise ValueError
        return targets("a")

    with watching(lambda _: Look(good), list_targets, every_seconds=3600) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 1, "it is seen")

    assert len(asked) == 3


def test_another_url_is_another_database() -> None:
    """What was seen at the old one is not said of it."""
    moved, gate = threading.Event(), threading.Event()

    def list_targets() -> Sequence[Target]:
        host = "new" if moved.is_set() else "old"
        return (Target("a", f"postgresql://{host}/a"),)

    def look_at(target: Target) -> Look:
        if "new" in target.url:
            gate.wait(60)
        return Look(good)

    with watching(look_at, list_targets) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 1, "it is seen")
        moved.set()
        wait_until(lambda: watch.inventory().counts["unseen"] == 1, "it is forgotten")
        gate.set()
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 1, "it is seen again")


def test_database_that_is_as_it_was_is_not_read_again() -> None:
    read: list[str] = []

    def look_at(target: Target) -> Look:
        def once() -> Brief:
            read.append(target.name)
            return good()

        return Look(once, is_same=True)

    with watching(look_at, lambda: targets("a")) as watch:
        wait_until(lambda: watch.inventory().oldest_at, "it is seen")
        first = watch.inventory().oldest_at
        wait_until(lambda: watch.inventory().oldest_at != first, "it is asked again")

    assert read == ["a"]


def test_watch_that_is_stopped_ends_its_threads() -> None:
    with watching(lambda _: Look(good), every_seconds=3600) as watch:
        wait_until(lambda: watch.inventory().counts["up_to_date"] == 4, "all are seen")

    wait_until(
        lambda: not [each for each in threading.enumerate() if "fleet-watch" in each.name],
        "no thread is left",
    )
