"""A revision accepts a finding by a comment on its statement; a comment that does not is one."""

from __future__ import annotations

from datetime import date
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from sst.hooks.contract.plan.finding import Acceptance, Finding
from sst.migrator.lint.accepting import with_acceptances
from sst.migrator.lint.comments import FORM, comments_in

if TYPE_CHECKING:
    from pathlib import Path

TODAY = date(2026, 11, 26)


def findings(
    folder: Path, text: str, *found: tuple[str, int], function: str = "upgrade", whole: bool = True
) -> list[tuple[int, str, str | None]]:
    """Return line, rule and reason of what is left of *found*, rules with their lines."""
    path = folder / "one.py"
    path.write_text(dedent(text).lstrip(), encoding="utf-8")
    judged = [Finding(rule, "it hurts", file="one.py", line=line) for rule, line in found]
    comments = comments_in(path, function)
    left = with_acceptances(judged, comments, "one.py", is_whole=whole, today=TODAY)
    reasons = [each.accepted.reason if each.accepted else None for each in left]
    return [(each.line, each.rule, why) for each, why in zip(left, reasons, strict=True)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("drop(1)  # sst: accept hurts because nobody reads it", 1),
        ("# sst: accept hurts because nobody reads it\ndrop(1)", 2),
        ("# sst: accept hurts because nobody reads it\n# see there\ndrop(1)  # gone", 3),
        ("drop(\n    1,  # sst: accept hurts because nobody reads it\n)", 1),
        ("drop(\n    1,\n)  # sst: accept hurts because nobody reads it", 1),
        ("drop(\n    # sst: accept hurts because nobody reads it\n    [2],\n)", 3),
        ("drop(1)  # noqa: E501 # sst: accept hurts because nobody reads it", 1),
        ("drop(1)  #sst:accept hurts because nobody reads it  # noqa: E501", 1),
        ("drop(1)  # sst: accept other, hurts because nobody reads it", 1),
        ("with one():  # sst: accept hurts because nobody reads it\n    drop(1)", 1),
        ("a = 1\n\f\ndrop(1)  # sst: accept hurts because nobody reads it", 3),
        ("a = 'b\x0bc\u2028'\ndrop(1)  # sst: accept hurts because nobody reads it", 2),
    ],
)
def test_comment_on_a_line_of_the_statement_or_above_accepts(
    tmp_path: Path, text: str, line: int
) -> None:
    found = findings(tmp_path, text, ("hurts", line), ("other", line))

    assert (line, "hurts", "nobody reads it") in found


def test_finding_on_the_whole_revision_is_accepted_anywhere(tmp_path: Path) -> None:
    """By the first comment that still holds; it gets the line of that one's statement."""
    text = """
        one()  # sst: accept hurts because it was so until 2026-01-01
        two()
        three()  # sst: accept hurts because nobody reads it
    """

    found = findings(tmp_path, text, ("hurts", 0))

    assert (3, "hurts", "nobody reads it") in found
    assert (1, "expired-accept", None) in found


def test_finding_on_the_whole_revision_has_no_line_without_a_comment(tmp_path: Path) -> None:
    text = "one()  # sst: accept other because nobody reads it"

    assert (0, "hurts", None) in findings(tmp_path, text, ("hurts", 0))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# sst: accept hurts because nobody reads it\n\ndrop(1)", 3),
        ("drop(1)\n# sst: accept hurts because nobody reads it\nkeep(1)", 1),
        ("with one():  # sst: accept hurts because nobody reads it\n    drop(1)", 2),
        ("with one():\n    # sst: accept hurts because nobody reads it\n    drop(1)", 1),
        ("drop('# sst: accept hurts because nobody reads it')", 1),
        ("drop(1)  # sst: accept hurt because nobody reads it", 1),
    ],
)
def test_comment_elsewhere_accepts_nothing(tmp_path: Path, text: str, line: int) -> None:
    found = findings(tmp_path, text, ("hurts", line))

    assert (line, "hurts", None) in found


@pytest.mark.parametrize(
    ("comment", "rule"),
    [
        ("accept hurts", "accept-without-reason"),
        ("accept hurts because", "accept-without-reason"),
        ("accept hurts because until 2027-01-01", "accept-without-reason"),
        ("accept hurts because it is empty until 2026-11-25", "expired-accept"),
        ("accept", "malformed-accept"),
        ("acept hurts because it is empty", "malformed-accept"),
        ("accept hurts, because it is empty", "malformed-accept"),
        ("accept hurts it is empty", "malformed-accept"),
        ("accept hurts because it is empty until 31.12.2026", "malformed-accept"),
        ("accept hurts because it is empty until 2026-13-45", "malformed-accept"),
        ("accept hurts because it is empty (until 2026-12-31)", "malformed-accept"),
        ("accept hurts because it is empty Until 2026-12-31", "malformed-accept"),
        ("accept hurts because it is empty until 2026-12-31 at noon", "malformed-accept"),
    ],
)
def test_comment_that_does_not_count_is_a_finding_beside_its_own(
    tmp_path: Path, comment: str, rule: str
) -> None:
    found = findings(tmp_path, f"drop(1)  # sst: {comment}", ("hurts", 1))

    assert found == sorted([(1, "hurts", None), (1, rule, None)])


def test_form_is_told_where_it_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("drop(1)  # sst: ignore hurts\n", encoding="utf-8")

    [found] = with_acceptances((), comments_in(path, "upgrade"), "one.py")

    assert found.instead == FORM == "# sst: accept RULE because REASON [until YYYY-MM-DD]"


def test_acceptance_holds_on_its_last_day(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("drop(1)  # sst: accept hurts because of #12 until 2026-11-26\n")
    judged = [Finding("hurts", "it hurts", line=1)]

    [found] = with_acceptances(judged, comments_in(path, "upgrade"), "one.py", today=TODAY)

    assert found.accepted == Acceptance("of #12", TODAY)


def test_word_until_in_a_reason_is_no_date(tmp_path: Path) -> None:
    found = findings(
        tmp_path, "drop(1)  # sst: accept hurts because it waits until Monday", ("hurts", 1)
    )

    assert found == [(1, "hurts", "it waits until Monday")]


def test_unused_comment_is_a_finding_where_the_revision_was_judged_to_its_end(
    tmp_path: Path,
) -> None:
    text = "drop(1)  # sst: accept hurts because nobody reads it"

    assert findings(tmp_path, text) == [(1, "unused-accept", None)]
    assert findings(tmp_path, text, whole=False) == []


@pytest.mark.parametrize("rule", ["not-judged", "rule-failed", "changed-revision"])
def test_comment_that_depends_on_where_is_judged_may_be_unused(tmp_path: Path, rule: str) -> None:
    assert findings(tmp_path, f"drop(1)  # sst: accept {rule} because it reads rows") == []


def test_misspelt_rule_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("drop(1)  # sst: accept hurst because nobody reads it\n", encoding="utf-8")
    judged = [Finding("hurts", "it hurts", line=1)]

    found = with_acceptances(judged, comments_in(path, "upgrade"), "one.py")

    assert "did you mean hurts?" in found[1].what


@pytest.mark.parametrize(
    ("function", "left"),
    [("upgrade", [2, 14]), ("downgrade", [6, 10, 14])],
)
def test_comment_of_the_other_way_is_not_asked_for_its_use(
    tmp_path: Path, function: str, left: list[int]
) -> None:
    """A helper that both ways use concerns both, and so does what stands outside of functions."""
    text = """
        def upgrade():
            one()  # sst: accept hurts because of that
            helper()

        def downgrade():
            two()  # sst: accept hurts because of that
            way_back(), helper()

        def way_back():
            three()  # sst: accept hurts because of that

        def helper():
            if True:
                four()  # sst: accept hurts because of that
        """

    found = findings(tmp_path, text, function=function)

    assert [line for line, _, _ in found] == left


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"def (:\n", b"x = '''  # sst: accept a\n"])
def test_file_that_is_no_text_of_python_has_no_comments(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "one.py"
    path.write_bytes(text)

    assert comments_in(path, "upgrade") == ()
    assert comments_in(tmp_path / "none.py", "upgrade") == ()
