"""`revision --autogenerate`: what it found is said, and what it writes can be run both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.branches import describe_project

if TYPE_CHECKING:
    from tests.support.project import Project

TYPES = '''
import enum
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, UserDefinedType

class Money(TypeDecorator):
    """Made again by its text."""
    impl = sa.Numeric
    cache_ok = True
    def __init__(self, precision=12, scale=2):
        super().__init__(precision, scale)

class Code(TypeDecorator):
    """Not made again by any text that can be known."""
    impl = sa.String
    cache_ok = True
    def __init__(self, kind):
        super().__init__(8)
        self.kind = kind

class Native(TypeDecorator):
    """Another type on PostgreSQL, and `Native(length=16)` is an error: as in sqlalchemy_utils."""
    impl = sa.LargeBinary
    cache_ok = True
    def __init__(self, binary=True):
        super().__init__(16)
    def load_dialect_impl(self, dialect):
        return dialect.type_descriptor(sa.Uuid())

class Size(enum.Enum):
    SMALL = 1
    LARGE = 2

class Chosen(TypeDecorator):
    """An enum type inside."""
    impl = sa.Enum
    cache_ok = True
    def __init__(self):
        super().__init__("x", "y", name="chosen")
'''
# As pgvector's: of a module of its own, with a text that makes it again.
VECTOR = """
import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

class VECTOR(UserDefinedType):
    cache_ok = True
    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim
    def get_col_spec(self, **options):
        return f"numeric({self.dim})"
"""
MODELS = """
import sys
sys.path.insert(0, {folder!r})
import own_types.columns as own
from third_party import VECTOR
from sqlalchemy.dialects import postgresql
size = sa.Enum(own.Size, name="size")
sa.Table("things", metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("doc", postgresql.JSONB(astext_type=sa.Text())),
    sa.Column("uid", postgresql.UUID(as_uuid=True)),
    sa.Column("tags", postgresql.ARRAY(sa.Text())),
    sa.Column("search", postgresql.TSVECTOR()),
    sa.Column("during", postgresql.TSTZRANGE()),
    sa.Column("price", own.Money(10, 3)), sa.Column("prices", sa.ARRAY(own.Money())),
    sa.Column("code", own.Code("fancy")), sa.Column("native", own.Native()),
    sa.Column("size", size), sa.Column("sizes", sa.ARRAY(size)),
    sa.Column("chosen", own.Chosen()),
    sa.Column("mixed", sa.String(5).with_variant(own.Money(9, 1), "postgresql")),
    sa.Column("embedding", VECTOR(3)))
sa.Table("others", metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("size", size))
"""


def generated(project: Project, *arguments: str) -> dict[str, object]:
    """Write a revision from the models; return what `--json` says."""
    result = project.migrate("revision", "-m", "more", "--autogenerate", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


@pytest.fixture
def types(tmp_path: Path) -> Path:
    """Return a folder with the types of an application and those of a third party."""
    (tmp_path / "own_types").mkdir()
    (tmp_path / "own_types" / "__init__.py").write_text("")
    (tmp_path / "own_types" / "columns.py").write_text(TYPES)
    (tmp_path / "third_party.py").write_text(VECTOR)
    return tmp_path


def test_file_imports_its_types_and_runs_both_ways(project: Project, types: Path) -> None:
    describe_project(project, MODELS.format(folder=str(types)))
    project.environment["PYTHONPATH"] = str(types)

    written = Path(str(generated(project)["path"]))
    up = project.migrate("upgrade")
    again = generated(project)
    down = project.migrate("downgrade", "-1")
    back = project.migrate("upgrade")

    assert [each.exit_code for each in (up, down, back)] == [0, 0, 0], up.stderr + down.stderr
    assert again["path"] is None
    text = written.read_text()
    assert "\nimport own_types.columns\n" in text
    assert "\nimport third_party\n" in text
    assert "sa.Column('price', own_types.columns.Money(precision=10, scale=3)" in text
    assert "sa.Column('code', sa.String(length=8)" in text
    assert "sa.Column('native', own_types.columns.Native()" in text
    assert "third_party.VECTOR(dim=3)" in text


def test_added_column_of_an_enum_finds_its_type(project: Project) -> None:
    project.revision("one", "op.create_table('shop', sa.Column('id', sa.Integer))")
    project.migrate("upgrade")
    describe_project(
        project,
        """
        kind = sa.Enum("it's", "b", name="kind")
        sa.Table("shop", metadata, sa.Column("id", sa.Integer), sa.Column("kind", kind))
        """,
    )

    found = generated(project)["found"]
    results = [
        project.migrate(*words) for words in (["upgrade"], ["downgrade", "-1"], ["upgrade"])
    ]

    assert [each.exit_code for each in results] == [0, 0, 0], results[0].stderr
    assert found == [
        "runs CREATE TYPE kind AS ENUM ('it''s', 'b')",
        "adds column shop.kind (kind)",
    ]


def test_new_table_of_a_known_enum_does_not_make_it_again(project: Project) -> None:
    project.revision("one", "op.execute(\"create type kind as enum ('a')\")")
    project.migrate("upgrade")
    describe_project(
        project,
        'sa.Table("shop", metadata, sa.Column("kind", sa.Enum("a", name="kind")))',
    )

    generated(project)

    assert project.migrate("upgrade").exit_code == 0
    assert project.migrate("downgrade", "-1").exit_code == 0
    assert project.query("select 1 from pg_type where typname = 'kind'") == [(1,)]


def test_render_item_of_env_py_decides(project: Project, types: Path) -> None:
    describe_project(
        project,
        f"""
        import sys
        sys.path.insert(0, {str(types)!r})
        import own_types.columns as own
        sa.Table("shop", metadata, sa.Column("price", own.Money()))
        """,
        "render_item=lambda kind, item, context: 'sa.BigInteger()' if kind == 'type' else False",
    )

    written = Path(str(generated(project)["path"]))

    assert "sa.Column('price', sa.BigInteger()" in written.read_text()


OLD = """
op.create_table("sites", sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(20)), sa.Column("open", sa.Boolean), sa.Column("n", sa.Integer))
# An older table, whose columns came in another order.
op.create_table("works", sa.Column("a", sa.Text), sa.Column("id", sa.Integer, primary_key=True))
op.create_index("ix_open", "sites", ["open"])
"""
NEW = """
sa.Table("sites", metadata, sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(20), nullable=False, server_default=""),
    sa.Column("open", sa.Boolean, nullable=False), sa.Column("n", sa.BigInteger, unique=True))
sa.Table("jobs", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
sa.Table("new", metadata, sa.Column("site_id", sa.ForeignKey("sites.id"), index=True))
"""


@pytest.fixture
def changed(project: Project) -> Project:
    """Return a project at head whose models have changed in every usual way."""
    project.revision("one", OLD)
    assert project.migrate("upgrade").exit_code == 0
    describe_project(project, NEW)
    return project


def test_every_operation_is_said_in_words(changed: Project) -> None:
    result = changed.migrate("revision", "-m", "more", "--autogenerate")

    assert Path(result.stdout.strip()).is_file()
    told = set(result.stderr.splitlines())
    assert {
        "adds table jobs (2 columns)",
        "adds table new (1 column)",
        "adds index ix_new_site_id on new (site_id)",
        "adds column sites.title (VARCHAR(20), not null)",
        "makes sites.open not null",
        "changes type of sites.n from INTEGER to BIGINT",
        "adds unique constraint of sites",
        "drops column sites.name with its values",
        "drops index ix_open on sites",
        "drops table works with its rows",
    } <= told


def test_drops_and_likely_renames_are_warnings(changed: Project) -> None:
    answer = generated(changed)

    hint = "if it is not yours, name it in migrate.ignore_tables"
    table = "is that a rename? table works goes and jobs comes with the same columns"
    column = "is that a rename? sites.name goes and title comes with the same type"
    assert answer["warnings"] == [
        f"the revision drops table works with its rows; {hint}",
        "the revision drops index ix_open on sites",
        "the revision drops column sites.name with its values",
        f"{table}: `op.rename_table('works', 'jobs')` keeps the rows",
        f"{column}: `op.alter_column('sites', 'name', new_column_name='title')` keeps the values",
    ]


def test_merge_is_written_though_nothing_differs(project: Project) -> None:
    describe_project(project, "")
    project.revision("one")
    project.revision("left", down="one")
    project.revision("right", down="one")
    project.migrate("upgrade", "heads")

    assert generated(project, "--head", "heads")["path"] is not None
