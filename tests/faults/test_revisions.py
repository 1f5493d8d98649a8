"""A revision that fails, wherever it does: what is committed stays, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.faults import STATES, Fault, Scene, drive

if TYPE_CHECKING:
    from collections.abc import Mapping

_BROKEN = "op.execute('select 1/0')"
_INDEX = "CREATE INDEX items_label ON public.items USING btree (label)"


def _fails(at: str, ends: str, does: str = _BROKEN, **over: object) -> Fault:
    values = {
        "name": f"{at} {does.partition('(')[0]}",
        "at": at,
        "does": does,
        "exit_code": 1,
        "outcome": "failed",
        "says": "revision_failed",
        "ends": ends,
        **over,
    }
    return Fault(**values)  # type: ignore[arg-type]


def _left(at: str, ends: str, raised: str, **over: object) -> Fault:
    """Return the fault of code that raises what is no error: what is committed is told."""
    committed = ", ".join(STATES[1 : STATES.index(ends) + 1])
    says = f"committed in this run: {committed}"
    return _fails(at, ends, f"raise {raised}", name=f"{at} {raised}", **{"says": says, **over})


FAULTS = [
    *(_fails(f"one.{place}", "") for place in ("first", "middle", "last")),
    *(_fails(f"three.{place}", "two") for place in ("first", "middle", "last")),
    _fails("two.first", "one"),
    _fails("two.middle", "one"),
    _fails("two.last", "one", leaves=frozenset({_INDEX})),
    _fails("one.middle", "", "raise RuntimeError('no')"),
    _fails("three.last", "two", "raise SystemExit(0)"),
    _fails("one.middle", "", "raise MemoryError", says="Committed in this run: none"),
    _fails("three.first", "two", "raise GeneratorExit", says="Committed in this run: one, two"),
    _fails(
        "three.last",
        "two",
        "import asyncio; raise asyncio.CancelledError",
        says="Committed in this run: one, two",
    ),
    _left("three.middle", "two", "KeyboardInterrupt", outcome="interrupted", exit_code=130),
    _left("pre_revision.two", "one", "KeyboardInterrupt", outcome="interrupted", exit_code=130),
    _left("pre_revision.two", "one", "GeneratorExit"),
    _left("post_migrate", "three", "GeneratorExit"),
    _fails("two.last", "one", "raise SystemExit(3)", leaves=frozenset({_INDEX})),
    _fails(
        "two.middle",
        "one",
        name="two.middle failed index",
        does="op.execute('create unique index concurrently items_label on items ((id % 2))')",
        says="UniqueViolation",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_failing_revision(
    fault: Fault, scene: Scene, undisturbed: Mapping[str, frozenset[str]]
) -> None:
    drive(fault, scene, undisturbed)
