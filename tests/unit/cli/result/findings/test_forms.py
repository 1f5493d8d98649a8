"""The findings in the forms of pipelines: valid, whole, and with places that can be annotated."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft202012Validator  # type: ignore[import-untyped]

from sst.cli.result.findings.github import github
from sst.cli.result.findings.gitlab import gitlab
from sst.cli.result.findings.markdown import markdown
from sst.cli.result.findings.sarif import sarif
from sst.cli.result.findings.text import finding_lines
from sst.cli.result.pipelines.step_summary import VARIABLE, write_summary
from sst.hooks.contract.plan.finding import Acceptance, Finding, Level
from sst.migrator.lint.outcome import Lint, NotJudged
from tests.support.code_quality import CODE_QUALITY
from tests.support.project import REPOSITORY

FILE = "services/a shop/alembic/versions/0001_one.py"
SARIF = json.loads((REPOSITORY / "tests/support/sarif_schema.json").read_text(encoding="utf-8"))


def finding(rule: str = "no-drop", line: int = 7, **values: Any) -> Finding:
    """Return a finding in `FILE`."""
    return Finding(rule, values.pop("what", "it drops `a`"), file=FILE, line=line, **values)


def lint(*findings: Finding, **values: Any) -> Lint:
    """Return the judgement of one revision with *findings*."""
    return Lint({"one": findings}, revisions=1, statements=2, judged=1, **values)


ALL = lint(
    finding(instead="op.execute('keep')\nkeep()"),
    finding("no-comment", 3, level=Level.WARNING, what="100%: it says\nnothing, \x1b[2Jat all"),
    finding("taken", 4, accepted=Acceptance("nobody <reads> it", date(2027, 1, 31))),
    not_judged=(NotJudged("one", FILE, 9, "it was not run"),),
)


def test_sarif_is_valid_and_accepted_findings_are_suppressed(tmp_path: Path) -> None:
    log = json.loads(sarif(ALL, tmp_path))

    Draft4Validator(SARIF).validate(log)
    [run] = log["runs"]
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("no-comment", "warning"),
        ("taken", "error"),
        ("no-drop", "error"),
    ]
    assert [each["suppressions"] for each in run["results"]] == [
        [],
        [{"kind": "inSource", "justification": "nobody <reads> it"}],
        [],
    ]
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "services/a%20shop/alembic/versions/0001_one.py"
    assert place["region"] == {"startLine": 7}
    assert [each["id"] for each in run["tool"]["driver"]["rules"]] == [
        "no-comment",
        "no-drop",
        "taken",
    ]
    assert "it was not run" in json.dumps(run["invocations"])


def test_schema_of_sarif_refuses_what_is_none() -> None:
    """The copy that is held here judges."""
    log = json.loads(sarif(ALL, Path()))
    log["runs"][0]["results"][0]["level"] = "terrible"

    assert not Draft4Validator(SARIF).is_valid(log)


@pytest.mark.parametrize("found", [ALL, lint(), Lint()])
def test_documents_are_valid_whatever_there_is(found: Lint) -> None:
    Draft4Validator(SARIF).validate(json.loads(sarif(found, Path())))
    Draft202012Validator(CODE_QUALITY).validate(json.loads(*gitlab(found)))


def test_gitlab_has_what_is_open_with_its_severity() -> None:
    report = json.loads(*gitlab(ALL))

    assert [(each["check_name"], each["severity"]) for each in report] == [
        ("no-drop", "critical"),
        ("no-comment", "minor"),
    ]
    assert report[0]["location"] == {"path": FILE, "lines": {"begin": 7}}
    assert report[0]["description"].endswith("op.execute('keep')\nkeep()")


def test_fingerprint_stays_when_lines_move_and_tables_grow_and_is_nobody_elses() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [each["fingerprint"] for each in json.loads(*gitlab(lint(*findings)))]

    [one] = prints(finding(line=7, what="it drops 10 rows"))
    twice = prints(
        finding(line=8, what="it drops 11 rows"), finding(line=9, what="it drops 11 rows")
    )
    [other] = prints(finding(what="it keeps 10 rows"))

    assert twice[0] == one
    assert len({*twice, other}) == 3


def test_github_escapes_what_would_end_a_command_or_begin_one() -> None:
    error, warning, summary = github(ALL)

    assert error == (
        f"::error file={FILE},line=7,title=no-drop::it drops `a`%0A%0Aop.execute('keep')%0Akeep()"
    )
    assert warning.endswith("line=3,title=no-comment::100%25: it says nothing, \\x1b[2Jat all")
    assert summary == (
        "::notice title=lint::judged 1 of 2 statements in 1 revision: "
        "1 error, 1 warning, 1 accepted"
    )


def test_github_escapes_the_place() -> None:
    [command, _] = github(lint(Finding("a:b", "x", file="a,b:c%d.py", line=1)))

    assert command == "::error file=a%2Cb%3Ac%25d.py,line=1,title=a%3Ab::x"


def test_github_gets_ten_of_a_kind_the_errors_first_and_a_count_of_all() -> None:
    found = lint(
        *(finding(line=each, level=Level.WARNING) for each in range(1, 13)),
        *(finding(line=each) for each in range(20, 45)),
    )

    *commands, summary = github(found)

    kinds = [command.split()[0] for command in commands]
    assert kinds == ["::error"] * 10 + ["::warning"] * 10
    assert summary.endswith("25 errors, 12 warnings, 0 accepted; 20 of 37 are shown here")


def test_summary_of_the_step_is_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n", encoding="utf-8")
    page = markdown(ALL, tmp_path)

    monkeypatch.delenv(VARIABLE, raising=False)
    nothing = write_summary(page)
    monkeypatch.setenv(VARIABLE, str(file))
    written = write_summary(page)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    failed = write_summary(page)

    assert (nothing, written) == ([], [])
    assert file.read_text(encoding="utf-8").startswith(
        "before\n## lint\n\njudged 1 of 2 statements"
    )
    assert failed == [
        "::warning title=summary::the summary of the step could not be written: Is a directory"
    ]


def test_markdown_has_the_code_and_takes_no_markup_of_others(tmp_path: Path) -> None:
    (tmp_path / "docs/rules").mkdir(parents=True)
    (tmp_path / "docs/rules/no-drop.md").touch()
    found = lint(
        finding(what="<img> [x](y) @all #12", instead="```\nop.execute('keep')"),
        finding("taken", accepted=Acceptance("it is late")),
    )

    text = markdown(found, tmp_path)

    assert "&lt;img&gt; \\[x\\](y) @<!-- -->all #<!-- -->12, see `docs/rules/no-drop.md`" in text
    assert "\n  ````python\n  ```\n  op.execute('keep')\n  ````\n" in text
    assert re.search(r"\*\*accepted\*\* .*accepted: it is late", text)


def test_markdown_stays_below_what_a_step_may_write(tmp_path: Path) -> None:
    found = lint(*(finding(line=each, what="x" * 1000) for each in range(1, 2000)))

    text = markdown(found, tmp_path)

    assert len(text.encode()) < 600_000
    assert re.search(r"\nand \d+ more\n", text)


def test_text_off_a_terminal_is_one_record_and_its_code_below(tmp_path: Path) -> None:
    (tmp_path / "docs/rules").mkdir(parents=True)
    (tmp_path / "docs/rules/no-drop.md").touch()

    lines = finding_lines(ALL, tmp_path, is_verbose=True)

    assert lines == [
        f"{FILE}:7\terror\tno-drop\tit drops `a`\tdocs/rules/no-drop.md",
        "\top.execute('keep')",
        "\tkeep()",
        f"{FILE}:3\twarning\tno-comment\t100%: it says nothing, \\x1b[2Jat all",
        f"{FILE}:4\taccepted\ttaken\tit drops `a` (accepted until 2027-01-31: nobody <reads> it)",
        "judged 1 of 2 statements in 1 revision: 1 error, 1 warning, 1 accepted",
    ]


def test_text_on_a_terminal_is_a_block_of_a_hundred_columns_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sst.cli.result.findings.text.terminal_columns", lambda _: 200)
    found = lint(finding(what="it drops what others use, " * 8, instead="op.execute('keep')"))

    lines = [re.sub(r"\x1b\[\d+m", "", line) for line in finding_lines(found, tmp_path)]

    assert lines[0] == f"{FILE}:7  error  no-drop"
    assert max(map(len, lines)) <= 100
    assert lines[1].startswith("    it drops what others use,")
    assert lines[-2] == "        op.execute('keep')"
