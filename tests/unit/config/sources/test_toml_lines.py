"""The line of every key, in all the ways TOML writes one."""

from __future__ import annotations

from textwrap import dedent

import pytest

from sst.config.sources.toml_lines import key_lines, line_of

_TEXT = dedent('''\
    # comment = 1
    top = 1

    [default]  # comment
    plain = "a # b = c"
    "quoted.key" = 1
    'single' = 1
    dotted . key = 1
    text = """
    inside = 1
    [not.a.table]
    \\"""
    """
    raw = \'\'\'
    x = 1
    \'\'\'
    list = [
        "one", # comment ]
        ["]", {a = 1}],
    ]
    inline = { a = 1, b = "}" }
    after=2

    [ default . "sub.table" ]
        indented = 1

    [[default.many]]
    name = 1
    [[default.many]]
    name = 2
    last = 1''')


@pytest.mark.parametrize(
    "path",
    [
        ("top",),
        ("default",),
        ("default", "plain"),
        ("default", "quoted.key"),
        ("default", "single"),
        ("default", "text"),
        ("default", "raw"),
        ("default", "list"),
        ("default", "inline"),
        ("default", "after"),
        ("default", "sub.table", "indented"),
        ("default", "many", "last"),
    ],
)
def test_line_holds_the_key(path: tuple[str, ...]) -> None:
    line = key_lines(_TEXT)[path]

    assert path[-1] in _TEXT.splitlines()[line - 1]


def test_dotted_key_is_a_path() -> None:
    assert (
        _TEXT.splitlines()[key_lines(_TEXT)["default", "dotted", "key"] - 1] == "dotted . key = 1"
    )


def test_text_inside_a_value_is_no_key() -> None:
    keys = {path[-1] for path in key_lines(_TEXT)}

    assert not keys & {"inside", "x", "comment", "not", "table", "a"}


def test_key_of_an_inline_table_has_the_line_of_the_table() -> None:
    lines = key_lines(_TEXT)

    assert line_of(("default", "inline", "b"), lines) == lines["default", "inline"]


def test_table_without_a_header_has_the_line_of_its_first_key() -> None:
    assert line_of(("x",), key_lines("\n[x.y]\n")) == 2
    assert line_of(("z",), key_lines("\n[x.y]\n")) is None
