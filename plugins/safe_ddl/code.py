"""Alembic code for a revision: names as they are quoted there, calls, and revisions in a row."""

from __future__ import annotations

import json
import re
from itertools import chain, count
from textwrap import indent, wrap

_PART = re.compile(r'"(?:[^"]|"")*"|[^."]+')
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
# SQLAlchemy takes it for the place of a value.
_PLACE = re.compile(r"(?<![:\w\\]):(?=\w)")
# PostgreSQL manual, appendix C: those that are no column's name without quotes.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        "all analyse analyze and any array as asc asymmetric both case cast check collate column "
        "constraint create current_catalog current_date current_role current_time "
        "current_timestamp current_user default deferrable desc distinct do else end except false "
        "fetch for foreign from grant group having in initially intersect into lateral leading "
        "limit localtime localtimestamp not null offset on only or order placing primary "
        "references returning select session_user some symmetric system_user table then to "
        "trailing true union unique user using variadic when where window with",
    )
)
_WIDTH = 95
_LONGEST_NAME = 63
APART = "# in a revision of its own"


def parts(relation: str) -> tuple[str, ...]:
    """Return schema and name of *relation*, which is quoted as SQL wants it, without quotes."""
    found = _PART.findall(relation)
    return tuple(each[1:-1].replace('""', '"') if each.startswith('"') else each for each in found)


def shown(relation: str) -> str:
    """Return *relation* as a person says it: a table of `public` goes without its schema."""
    return relation.removeprefix("public.")


def ident(name: str) -> str:
    """Return *name* as SQL wants it, quoted where it has to be."""
    is_plain = _PLAIN.fullmatch(name) and name not in _RESERVED
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def dollar_quoted(body: str) -> str:
    """Return *body* in dollar quotes that are not in it."""
    tags = chain(("$$",), (f"$body{number}$" for number in count(1)))
    quote = next(each for each in tags if each not in body)
    return f"{quote}{body}{quote}"


def made_name(*words: str) -> str:
    """Return a name of these *words*, which is no longer than the server takes."""
    return "_".join(words)[:_LONGEST_NAME]


def text(value: str) -> str:
    """Return *value* as Python writes a text."""
    return json.dumps(value, ensure_ascii=False)


def texts(values: tuple[str, ...]) -> str:
    """Return *values* as Python writes a list of texts."""
    return f"[{', '.join(map(text, values))}]"


def schema_of(relation: str) -> str:
    """Return the argument `schema` for an operation on *relation*; nothing for `public`."""
    schema = parts(relation)[0]
    return "" if schema == "public" else f", schema={text(schema)}"


def table(relation: str) -> str:
    """Return the name of *relation* as the first argument of an operation has it."""
    return text(parts(relation)[-1])


def call(function: str, *arguments: str) -> str:
    """Return a call of *function*, over several lines where one is too long."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {each},\n" for each in arguments)
    return f"{function}(\n{inner})"


def escaped(sql: str) -> str:
    """Return *sql* as SQLAlchemy takes it for text without places for values."""
    return _PLACE.sub(r"\\:", sql)


def execute(sql: str) -> str:
    """Return the call that executes *sql*, which may have several lines."""
    safe = escaped(sql)
    if "\n" in safe and '"""' not in safe:
        lines = indent(safe.replace("\\", "\\\\"), "    ")
        return f'op.execute("""\n{lines}\n""")'
    line = f"op.execute({text(safe)})"
    if len(line) <= _WIDTH:
        return line
    parts = wrap(safe, _WIDTH - len('    ""'), drop_whitespace=False, break_long_words=False)
    inner = "".join(f"    {text(each)}\n" for each in parts)
    return f"op.execute(\n{inner})"


def autocommit(*calls: str) -> str:
    """Return *calls* in a block in which each of them commits by itself."""
    inner = indent("\n".join(calls), "    ")
    return f"with op.get_context().autocommit_block():\n{inner}"


def in_a_row(*revisions: str) -> str:
    """Return the code of *revisions*, each of which is one of its own; an empty one is none."""
    return "\n".join(f"{APART}\n{each}" for each in revisions if each)
