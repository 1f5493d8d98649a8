"""The parts of a URL are those that SQLAlchemy finds: an engine of it connects where we do."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import quote

import pytest
import sqlalchemy
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.version import Version
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sst.db.parsing import parts_of

# Before 2.1 the name of a database was not decoded, and some hosts in the query were not read.
pytestmark = pytest.mark.skipif(
    Version(sqlalchemy.__version__) < Version("2.1"), reason="an older SQLAlchemy reads less"
)

_ODD = st.text(st.sampled_from("ab1 :@/?#[],%&=+é\n'\"\\.-_"), max_size=6)
_WORD = st.one_of(_ODD, _ODD.map(lambda text: quote(text, safe="")))
_HOST = st.one_of(
    st.sampled_from(["", "host", "h1:1,h2:2", "[::1]", "[::1", "%2Fsocket", "10.0.0.1", "H-1.b"]),
    _WORD,
)
_PORT = st.sampled_from(["", ":", ":5432", ":0", ":05", ":-1", ":x", ":5 "])
_PAIR = st.one_of(
    st.builds(
        "{}={}".format,
        st.sampled_from(["host", "port"]),
        st.sampled_from(
            ["h", "h:1", "h:", "h,g", "h:1,g:2", "::1", "/s", "1", "1,2", "0", ",", "x"]
        ),
    ),
    st.builds("{}={}".format, st.sampled_from(["sslmode", "options", "host", "A", ""]), _WORD),
)
_QUERY = st.one_of(st.just(""), st.lists(_PAIR, max_size=4).map(lambda all_: "?" + "&".join(all_)))


@st.composite
def _urls(draw: st.DrawFn) -> str:
    scheme = draw(st.sampled_from(["postgresql", "postgresql+psycopg2", "postgresql+a_b", "x-y"]))
    login = draw(st.sampled_from(["", "{}@", "{}:{}@"])).format(draw(_WORD), draw(_WORD))
    name = draw(st.one_of(st.just(""), _WORD.map("/{}".format)))
    return f"{scheme}://{login}{draw(_HOST)}{draw(_PORT)}{name}{draw(_QUERY)}"


def _parts_by_sqlalchemy(text: str) -> dict[str, object] | None:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return None
    return {**url._asdict(), "query": dict(url.query)}


def _parts_by_us(text: str) -> dict[str, object] | None:
    try:
        return asdict(parts_of(text))
    except ValueError:
        return None


@given(_urls())
@example("postgresql://")
@example("postgresql://user:p%40ss@[::1]:5433/a%2Fb?options=-c%20x%3D1&a=1&a=2&a=3")
@example("postgresql://user@host?a=&b")
def test_parts_are_those_of_sqlalchemy(text: str) -> None:
    assert _parts_by_us(text) == _parts_by_sqlalchemy(text)


@given(_urls().filter(_parts_by_sqlalchemy))
def test_url_is_spelled_as_sqlalchemy_spells_it(text: str) -> None:
    assert parts_of(text).render() == make_url(text).render_as_string(hide_password=False)


@given(_urls().filter(_parts_by_sqlalchemy))
@example("postgresql://u@/n?host=h1:1&host=h2:2")
@example("postgresql://u@/n?host=h1,h2&port=1,2")
@example("postgresql://u@:5/n?host=/socket")
def test_parameters_are_those_of_sqlalchemys_dialect(text: str) -> None:
    """What its dialect would refuse at the first connection is refused at once."""
    assert _parameters_by_us(text) == _parameters_by_sqlalchemy(text)


def _parameters_by_us(text: str) -> dict[str, object] | None:
    try:
        return parts_of(text).libpq_parameters()
    except ValueError:
        return None


def _parameters_by_sqlalchemy(text: str) -> dict[str, object] | None:
    url = make_url(text).set(drivername="postgresql+psycopg2")
    hosts = url.query.get("host", "")
    if not isinstance(hosts, str) and any(host.count(":") > 1 for host in hosts):
        return None  # it reads `host=::1&host=h` as an empty host and another one
    try:
        return dict(url.get_dialect()().create_connect_args(url)[1])
    except (ArgumentError, ValueError):
        return None
