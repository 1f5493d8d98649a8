"""Labels of enum types and computed columns: compared, and never an empty revision in silence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sst.db.url import DatabaseUrl
from tests.support.branches import describe_project
from tests.support.unprivileged_role import role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Project

ENUM = "sa.Enum({labels}, name='kind')"
TABLE = "sa.Table('sites', metadata, sa.Column('id', sa.Integer, primary_key=True), {column})"
CREATE = "op.create_table('sites', sa.Column('id', sa.Integer, primary_key=True), {column})"


def describe(project: Project, column: str, options: str = "") -> None:
    """Give the project's models one table with *column*."""
    describe_project(project, TABLE.format(column=column), options)


def labelled(labels: str, kind: str = ENUM) -> str:
    """Return the column whose enum type has *labels*, such as `abc`."""
    given = ", ".join(repr(label) for label in labels)
    return f"sa.Column('kind', {kind.format(labels=given)})"


def at_head(project: Project, column: str, *first: str) -> None:
    """Bring *project* to head with *column* in its table; *first* is what runs before."""
    describe(project, column)
    lines = [f"op.execute({each!r})" for each in first]
    project.revision("sites", "\n".join([*lines, CREATE.format(column=column)]))
    project.enable("health_check")
    result = project.migrate("upgrade")
    assert result.exit_code == 0, result.output


def drift(project: Project) -> str:
    """Return what the check of the models says."""
    result = project.migrate("check", "--json")
    [found] = [each for each in result.json["checks"] if each["name"] == "models"]
    assert result.exit_code == {"fail": 3, "pass": 0}[found["status"]]
    detail: str = found["detail"]
    return detail


def write(project: Project) -> tuple[str, list[str]]:
    """Write a revision from the models; return its text and the warnings."""
    result = project.migrate("revision", "-m", "more", "--autogenerate", "--json")
    assert result.exit_code == 0, result.output
    assert all(line in result.stderr for line in result.json["warnings"])
    return Path(result.json["path"]).read_text(), result.json["warnings"]


@pytest.mark.parametrize(
    ("wanted", "statements"),
    [
        ("abc", ["ADD VALUE IF NOT EXISTS 'c' AFTER 'b'"]),
        ("xab", ["ADD VALUE IF NOT EXISTS 'x' BEFORE 'a'"]),
        ("axyb", ["NOT EXISTS 'x' AFTER 'a'", "NOT EXISTS 'y' AFTER 'x'"]),
    ],
)
def test_label_that_is_missing_is_drift_and_the_revision_adds_it_in_its_place(
    project: Project, wanted: str, statements: list[str]
) -> None:
    at_head(project, labelled("ab"))
    describe(project, labelled(wanted))

    found = drift(project)
    text, warnings = write(project)

    [new, *_] = [label for label in wanted if label not in "ab"]
    assert f"label '{new}' of type kind is in the models but not in the database" in found
    assert all(each in text for each in statements)
    assert warnings == []
    assert project.migrate("upgrade").exit_code == 0
    assert drift(project) == "models and schema agree"
    assert project.query("select enum_range(null::kind)::text") == [
        ("{" + ",".join(wanted) + "}",)
    ]


def test_label_with_signs_of_sql_arrives_as_it_is(project: Project) -> None:
    at_head(project, labelled("a"))
    describe(project, "sa.Column('kind', sa.Enum('a', \"it's :b 100%\", name='kind'))")

    write(project)

    assert project.migrate("upgrade").exit_code == 0
    assert drift(project) == "models and schema agree"


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("a", "label 'b' of type kind is in the database but not in the models"),
        ("ba", "labels of type kind: the order is 'a', 'b' in the database, 'b', 'a' in the"),
    ],
)
def test_what_the_server_cannot_do_to_labels_is_said_aloud(
    project: Project, wanted: str, line: str
) -> None:
    at_head(project, labelled("ab"))
    describe(project, labelled(wanted))

    found = drift(project)
    _, [warning] = write(project)

    assert line in found
    assert f"to be written by hand: {line}" in warning


@pytest.mark.parametrize(
    "kind",
    [
        "sa.ARRAY(sa.Enum({labels}, name='kind'))",
        "postgresql.ENUM({labels}, name='kind', create_type=False)",
        "sa.Text().with_variant(sa.Enum({labels}, name='kind'), 'postgresql')",
        "Wrapped({labels})",
        "sa.Enum({labels}, name='kind', schema='other')",
    ],
)
def test_enum_type_is_found_wherever_a_column_has_it(project: Project, kind: str) -> None:
    wrapped = (
        "from sqlalchemy.dialects import postgresql\n"
        "class Wrapped(sa.types.TypeDecorator):\n"
        "    cache_ok = True\n    impl = sa.Enum\n"
        "    def __init__(self, *labels): super().__init__(*labels, name='kind')\n"
    )
    schema = "other." if "schema" in kind else ""
    column = TABLE.format(column=labelled("abc", kind))
    describe_project(project, wrapped + column)
    array = "[]" if "ARRAY" in kind else ""
    project.query("create schema other")
    project.revision(
        "sites",
        f"op.execute(\"create type {schema}kind as enum ('a', 'b')\")\n"
        f"op.execute('create table sites (id int primary key, kind {schema}kind{array})')",
    )
    project.enable("health_check")
    project.migrate("upgrade")

    assert f"label 'c' of type {schema}kind is in the models but not in" in drift(project)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("sa.Enum({labels}, name='kind', native_enum=False, length=5)", ""),
        (ENUM, "compare_type=False"),
        (ENUM, "include_object=lambda thing, name, kind, reflected, other: name != 'kind'"),
    ],
)
def test_labels_that_are_no_labels_of_the_server_or_are_filtered_are_left_alone(
    project: Project, kind: str, options: str
) -> None:
    at_head(project, labelled("ab", kind))
    describe(project, labelled("abc", kind), options)

    assert drift(project) == "models and schema agree"


def computed(expression: str, kind: str = "sa.Integer", more: str = "") -> str:
    """Return a column that is computed."""
    return f"sa.Column('found', {kind}, sa.Computed({expression!r}{more}))"


def test_another_expression_of_a_computed_column_is_drift_and_said_aloud(
    project: Project,
) -> None:
    at_head(project, computed("id * 2"))
    describe(project, computed("id * 3"))

    found = drift(project)
    _, [warning] = write(project)

    line = "column sites.found: computed is (id * 2) in the database, id * 3 in the models"
    assert line in found
    assert warning == f"to be written by hand: {line}"


EXPRESSIONS = {
    "ID*2": "sa.Integer",
    "cast(id as bigint) + 1": "sa.BigInteger",
    "case when id between 1 and 2 then 'x' else 'y:z' end": "sa.String(5)",
    "'abc'": "sa.String(3)",
    "coalesce(id, 0) % 7": "sa.Integer",
    "id * 1.5": "sa.Numeric(10, 2)",
    "extract(year from make_date(2026, 1, 1))::int != 3": "sa.Boolean",
    "to_tsvector('english', 'some words')": "postgresql.TSVECTOR",
}


def test_same_expression_in_other_words_is_no_drift(project: Project) -> None:
    """The server writes it in its own way: parentheses, casts, other names of operators."""
    columns = ", ".join(
        computed(expression, kind).replace("'found'", f"'found{number}'", 1)
        for number, (expression, kind) in enumerate(EXPRESSIONS.items())
    )
    dialect = "from sqlalchemy.dialects import postgresql\n"
    describe_project(project, dialect + TABLE.format(column=columns))
    project.revision("sites", dialect + CREATE.format(column=columns))
    project.enable("health_check")
    assert project.migrate("upgrade").exit_code == 0

    assert drift(project) == "models and schema agree"


@pytest.mark.parametrize(
    ("there", "wanted", "line"),
    [
        ("sa.Column('found', sa.Integer)", computed("id"), "computed is none in the database"),
        (computed("id"), "sa.Column('found', sa.Integer)", "id in the database, none in the"),
        (computed("id"), computed("id + gone"), "id in the database, id + gone in the models"),
    ],
)
def test_column_that_is_computed_on_one_side_only_is_drift(
    project: Project, there: str, wanted: str, line: str
) -> None:
    at_head(project, there)
    describe(project, wanted)

    assert line in drift(project)
    assert line in write(project)[1][0]


@pytest.fixture
def stranger(project: Project) -> Iterator[str]:
    """Return the URL of a role that may read the revision and no table."""
    at_head(project, computed("id * 2"))
    with role(project) as url:
        name = DatabaseUrl(url).role
        project.query(f"grant usage on schema migrator to {name}")
        project.query(f"grant select on alembic_version, migrator.run, migrator.step to {name}")
        yield url


def test_role_that_the_server_does_not_answer_raises_no_false_alarm(
    project: Project, stranger: str
) -> None:
    describe(project, computed("id + id"))

    result = project.migrate("check", "--json", DATABASE_URL=stranger)

    [found] = [each for each in result.json["checks"] if each["name"] == "models"]
    assert found["status"] == "pass", found
    assert "computed column sites.found is left out of the comparison" in result.stderr
