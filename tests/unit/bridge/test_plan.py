"""A target becomes steps, or an error of three lines; no database is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sst.bridge import AlembicProject
from sst.errors import (
    AmbiguousRevisionError,
    BrokenHistoryError,
    DatabaseAheadError,
    RevisionNotFoundError,
    SeveralHeadsError,
    UsageError,
)
from sst.hooks.contract.revisions import Direction
from tests.support.foreign import ForeignProject

if TYPE_CHECKING:
    from pathlib import Path

UP = Direction.UPGRADE
DOWN = Direction.DOWNGRADE


def _opened(project: ForeignProject) -> AlembicProject:
    return AlembicProject.open(project.root, project.settings)


@pytest.fixture
def forked(tmp_path: Path) -> AlembicProject:
    """Return aa01-bb02, and on it cc03-dd04 and the branch billing, ee05-ff06."""
    project = ForeignProject.create(tmp_path, "").line("aa01", "bb02", "cc03", "dd04")
    return _opened(project.revision("ee05", "bb02", label="billing").revision("ff06", "ee05"))


@pytest.fixture
def linear(tmp_path: Path) -> AlembicProject:
    """Return aa01-bb02-cc03."""
    return _opened(ForeignProject.create(tmp_path, "").line("aa01", "bb02", "cc03"))


@pytest.fixture
def merged(tmp_path: Path) -> AlembicProject:
    """Return aa01, its children bb02 and cc03, and their merge dd04 with ee05 on top."""
    project = ForeignProject.create(tmp_path, "").line("aa01", "bb02").revision("cc03", "aa01")
    return _opened(project.revision("dd04", ["bb02", "cc03"]).revision("ee05", "dd04"))


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("current", "target", "expected"),
    [
        ("", "heads", "aa01 bb02 cc03 dd04 ee05 ff06"),
        ("", "+1", "aa01"),
        ("", "+2", "aa01 bb02"),
        ("", "base", ""),
        ("bb02", "billing@+1", "ee05"),
        ("bb02", "billing@head", "ee05 ff06"),
        ("bb02", "cc03+1", "cc03 dd04"),
        ("cc03", "dd04", "dd04"),
        ("dd04", "ff06", "ee05 ff06"),
        ("cc03 ee05", "heads", "dd04 ff06"),
        ("dd04", "aa01", ""),
        ("dd04 ff06", "heads", ""),
        ("bb02", "billing", "ee05"),
    ],
)
def test_upgrade_runs_what_is_missing(
    current: str, target: str, expected: str, forked: AlembicProject
) -> None:
    """As Alembic would, from one start head or several."""
    steps = forked.plan(target, tuple(current.split()), UP)

    assert {step.revision.id for step in steps} == set(expected.split())
    assert all(step.is_upgrade for step in steps)
    order = [step.revision.id for step in steps]
    for step in steps:
        assert not set(step.revision.down_revisions) & set(order[order.index(step.revision.id) :])


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("current", "target", "expected"),
    [
        ("dd04", "-1", "dd04"),
        ("dd04", "-2", "dd04 cc03"),
        ("dd04", "-4", "dd04 cc03 bb02 aa01"),
        ("dd04 ff06", "billing@-1", "ff06"),
        ("dd04 ff06", "bb02", "dd04 cc03 ff06 ee05"),
        ("dd04 ff06", "cc03", "dd04"),
        ("dd04", "base", "dd04 cc03 bb02 aa01"),
        ("dd04", "dd04", ""),
        ("dd04", "dd04-1", "dd04"),
        ("", "base", ""),
    ],
)
def test_downgrade_takes_back_what_is_above(
    current: str, target: str, expected: str, forked: AlembicProject
) -> None:
    """Newest first, and only on the branch that was meant."""
    steps = forked.plan(target, tuple(current.split()), DOWN)

    assert {step.revision.id for step in steps} == set(expected.split())
    assert not any(step.is_upgrade for step in steps)


def test_every_step_starts_where_the_one_before_ended(forked: AlembicProject) -> None:
    """These are the rows that the version table is checked against."""
    steps = forked.plan("heads", (), UP)

    befores = [step.before for step in steps]
    afters = [step.after for step in steps]
    assert befores == [(), *afters[:-1]]
    assert afters[-1] == ("dd04", "ff06")


@pytest.mark.lowest
def test_merge_joins_two_rows_and_its_downgrade_parts_them(merged: AlembicProject) -> None:
    """One row for the merge, two for its parents."""
    up = merged.plan("dd04", ("bb02", "cc03"), UP)
    down = merged.plan("-1", ("dd04",), DOWN)
    beyond = merged.plan("aa01", ("ee05",), DOWN)

    assert [(step.before, step.after) for step in up] == [(("bb02", "cc03"), ("dd04",))]
    assert [(step.before, step.after) for step in down] == [(("dd04",), ("bb02", "cc03"))]
    assert beyond[-1].after == ("aa01",)
    assert len(beyond) == 4


@pytest.mark.lowest
def test_dependency_is_implied_by_the_revision_that_needs_it(tmp_path: Path) -> None:
    """A row that another one implies is not written."""
    project = (
        ForeignProject.create(tmp_path, "").revision("aa01").revision("bb02", depends_on="aa01")
    )
    opened = _opened(project)

    up = opened.plan("bb02", (), UP)
    down = opened.plan("-1", ("bb02",), DOWN)

    assert [step.after for step in up] == [("aa01",), ("bb02",)]
    assert [(step.revision.id, step.after) for step in down] == [("bb02", ("aa01",))]
    assert opened.heads == ("bb02",)


@pytest.mark.parametrize("target", ["head", "bb02@head"])
def test_one_head_of_several_names_them_and_the_way_out(
    target: str, forked: AlembicProject
) -> None:
    """Exit 6, with the words to use instead."""
    with pytest.raises(SeveralHeadsError) as caught:
        forked.plan(target, (), UP)

    assert {"dd04,", "ff06"} <= set(str(caught.value).split())
    assert "`heads`" in caught.value.next_step


@pytest.mark.parametrize("direction", Direction)
def test_revision_in_the_database_that_no_file_holds(
    direction: Direction, linear: AlembicProject
) -> None:
    """The code is older than the database."""
    with pytest.raises(DatabaseAheadError, match="cc04"):
        linear.plan("base", ("cc04",), direction)


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize(
    ("target", "near"), [("bb03", "bb02"), ("zz99", "3 revisions"), ("x@head", "x")]
)
def test_unknown_target_names_the_nearest(
    target: str, near: str, direction: Direction, linear: AlembicProject
) -> None:
    """A typo is answered with what was probably meant."""
    with pytest.raises(RevisionNotFoundError, match=near):
        linear.plan(target, (), direction)


def test_ambiguous_prefix_names_the_candidates(tmp_path: Path) -> None:
    """More characters are needed, and which ones can be seen."""
    opened = _opened(ForeignProject.create(tmp_path, "").line("abcd1", "abcd2", "abde3"))

    with pytest.raises(AmbiguousRevisionError, match="abcd1, abcd2") as caught:
        opened.plan("abcd", (), UP)

    assert "abde3" not in str(caught.value)


@pytest.fixture
def six(tmp_path: Path) -> AlembicProject:
    """Return six revisions of which the first begins with a digit, and one with a short id."""
    ids = ("1f0c5a7e9b21", "2b00", "3c00", "4d00", "5e00", "a1")
    return _opened(ForeignProject.create(tmp_path, "").line(*ids))


@pytest.mark.parametrize(
    ("target", "direction", "meant"),
    [
        ("1", DOWN, "did you mean -1?"),
        ("2", DOWN, "did you mean -2?"),
        ("7", DOWN, "did you mean -7?"),
        ("1", UP, "did you mean +1?"),
        ("1f0", DOWN, "at least 4 characters"),
        ("1f0", UP, "at least 4 characters"),
        ("1f0+1", UP, "at least 4 characters"),
        ("a", UP, "at least 4 characters"),
    ],
)
def test_few_characters_name_no_revision(
    target: str, direction: Direction, meant: str, six: AlembicProject
) -> None:
    """`downgrade 1` must not take back everything above 1f0c5a7e9b21."""
    with pytest.raises(RevisionNotFoundError) as caught:
        six.plan(target, ("a1",) if direction is DOWN else (), direction)

    assert meant in str(caught.value)


@pytest.mark.parametrize("target", ["1", "1f0", "1f0@head"])
def test_few_characters_name_no_branch_and_no_place(target: str, six: AlembicProject) -> None:
    untouched: Any = None

    with pytest.raises(RevisionNotFoundError) as stamped:
        six.stamped([target], ())
    with pytest.raises(RevisionNotFoundError) as written:
        six.new_revision("x", autogenerate=False, connection=None, url=untouched, head=target)

    assert "did you mean" not in f"{stamped.value} {written.value}"


@pytest.mark.parametrize(("target", "count"), [("a1", 6), ("1f0c", 1), ("1f0c+2", 3)])
def test_whole_id_or_four_characters_name_a_revision(
    target: str, count: int, six: AlembicProject
) -> None:
    assert len(six.plan(target, (), UP)) == count


@pytest.mark.parametrize(
    ("current", "target", "direction", "room"),
    [
        ("aa01", "+9", UP, "revisions after it: 2"),
        ("cc03", "+1", UP, "revisions after it: 0"),
        ("bb02", "-9", DOWN, "revisions to go back: 2"),
        ("", "-1", DOWN, "revisions to go back: 0"),
        ("", "bb02+9", UP, "fewer neighbours"),
    ],
)
def test_walking_beyond_the_end_says_how_far_is_possible(
    current: str, target: str, direction: Direction, room: str, linear: AlembicProject
) -> None:
    """Alembic says that it did not produce nine migrations."""
    with pytest.raises(RevisionNotFoundError, match=room):
        linear.plan(target, tuple(current.split()), direction)


@pytest.mark.parametrize(
    ("current", "target", "direction"),
    [("", "+3", UP), ("bb02", "+1", UP), ("dd04 ff06", "-1", DOWN), ("dd04 ff06", "+1", UP)],
)
def test_walk_that_could_go_two_ways_is_refused(
    current: str, target: str, direction: Direction, forked: AlembicProject
) -> None:
    """Alembic only warns about the downgrade, and takes one of them."""
    with pytest.raises(AmbiguousRevisionError):
        forked.plan(target, tuple(current.split()), direction)


@pytest.mark.parametrize(
    ("target", "direction"),
    [
        ("aa01:cc03", UP),
        ("", UP),
        ("  ", DOWN),
        ("-1", UP),
        ("+0", UP),
        ("+1", DOWN),
        ("head", DOWN),
        ("heads", DOWN),
    ],
)
def test_target_that_makes_no_sense_is_a_usage_error(
    target: str, direction: Direction, linear: AlembicProject
) -> None:
    """Exit 2: the words are wrong, not the history."""
    with pytest.raises(UsageError):
        linear.plan(target, ("bb02",), direction)


@pytest.mark.parametrize("target", ["bb02", "cc03"])
def test_downgrade_to_what_is_not_below_is_refused(target: str, linear: AlembicProject) -> None:
    """Going down never goes up."""
    with pytest.raises(RevisionNotFoundError, match="not below"):
        linear.plan(target, ("aa01",), DOWN)


def test_contradicting_rows_are_told(linear: AlembicProject) -> None:
    """A row that another one implies: somebody wrote into the version table."""
    with pytest.raises(BrokenHistoryError, match="aa01, bb02"):
        linear.plan("heads", ("aa01", "bb02"), UP)


def test_revision_without_downgrade_is_named(tmp_path: Path) -> None:
    """Before anything is taken back, not halfway."""
    project = ForeignProject.create(tmp_path, "").line("aa01")
    project.write(
        "migrations/versions/bb02.py",
        "revision='bb02'\ndown_revision='aa01'\ndef upgrade(): pass\n",
    )

    with pytest.raises(BrokenHistoryError, match=r"bb02 has no downgrade\(\)"):
        _opened(project).plan("base", ("bb02",), DOWN)


def test_empty_history_has_nothing_to_do(tmp_path: Path) -> None:
    """A project on its first day."""
    opened = _opened(ForeignProject.create(tmp_path, ""))

    assert opened.plan("head", (), UP) == ()
    assert (opened.heads, opened.revisions()) == ((), ())
