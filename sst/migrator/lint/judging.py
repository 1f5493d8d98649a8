"""The rules of plugins, asked for each statement of a rehearsal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sst.hooks.contract.error_location import shown
from sst.hooks.contract.plan.finding import Finding, Level
from sst.migrator.lint.accepting import NOT_JUDGED, RULE_FAILED, with_acceptances
from sst.migrator.lint.comments import comments_in
from sst.migrator.rehearsal.observed.observer import DID_NOT_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sst.bridge import Step
    from sst.hooks.contract.plan.statement import Statement
    from sst.migrator.lint.by_form import ByForm
    from sst.migrator.rehearsal.rehearsal import Rehearsal
    from sst.migrator.values.context import Context

# What makes a table, or may do so, such as a DO block.
_MAKES = re.compile(r"\bcreate\b(?!\s+(?:unique\s+)?index\b)|^\s*(?:do|call)\b", re.IGNORECASE)


def with_findings(
    context: Context,
    steps: Iterable[Step],
    rehearsal: Rehearsal,
    by_form: Mapping[str, ByForm] | None = None,
    *,
    is_each_alone: bool = False,
) -> Rehearsal:
    """Return *rehearsal*, of *steps*, with the findings on what was run there, by revision.

    They are in the order of lines, those that the revision accepts are marked so. What is wrong
    with its comments is among them, and a rule that has failed, and what could not be judged.
    *by_form* has, by revision, what was not run and is judged by its SQL; *is_each_alone* says
    that each revision was a plan of its own.
    """
    rules, unseen, found = _Rules(context), by_form or {}, {}
    are_there = True
    for step in steps:
        revision = step.revision.id
        if revision in rehearsal.statements or revision in unseen:
            found[revision] = _judged(
                context, rules, step, rehearsal, unseen.get(revision), are_there=are_there
            )
        # A table that the plan makes is nobody's, and no rule minds it; elsewhere it is there.
        sent = rehearsal.statements.get(revision, ())
        are_there &= is_each_alone or not any(_MAKES.search(each.sql) for each in sent)
    return replace(rehearsal, findings=found)


def _judged(
    context: Context,
    rules: _Rules,
    step: Step,
    rehearsal: Rehearsal,
    by_form: ByForm | None,
    *,
    are_there: bool,
) -> tuple[Finding, ...]:
    """Return the findings on *step*; *are_there* says that no table of it is the plan's own."""
    path, revision = step.revision.path, step.revision.id
    file = shown(path, context.root) if path else ""
    statements = rehearsal.statements.get(revision, ())
    read = by_form.statements if by_form else ()
    findings = [each for one in _linked([*statements, *read]) for each in rules.against(one)]
    findings += [_unseen(each) for each in statements if each.unseen]
    comments = comments_in(path, "upgrade" if step.is_upgrade else "downgrade") if path else ()
    if revision == rehearsal.stopped_at:
        # The finding has the place of its own.
        why = str(rehearsal.why_not).replace(f" [{file}:{rehearsal.stopped_line}]", "")
        what = f"the revision was not judged to its end: {why}"
        findings.append(Finding(NOT_JUDGED, what, file=file, line=rehearsal.stopped_line))
    elif by_form and by_form.finding:
        findings.append(by_form.finding)
    is_whole = rules.are_there and are_there and rehearsal.has_all_of(revision)
    return with_acceptances(findings, comments, file, is_whole=is_whole)


def _unseen(statement: Statement) -> Finding:
    what = f"the locks of this statement are not known: {statement.unseen}"
    level = Level.WARNING if statement.unseen == DID_NOT_WAIT else Level.ERROR
    return Finding(NOT_JUDGED, what, level=level, file=statement.file, line=statement.line)


class _Rules:
    """The rules of all plugins; one that does not answer in time is not asked again."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.are_there = context.plugins.implement("judge")
        self._late: set[str] = set()

    def against(self, statement: Statement) -> Sequence[Finding]:
        """Return what the rules have against *statement*; one that fails is a finding."""
        if not self.are_there:
            return ()
        given, problems = self._context.plugins.answers(
            "judge", left_out=self._late, statement=statement
        )
        self._late.update(each.plugin for each in problems if each.is_late)
        found = [each.value for each in given]
        found += [Finding(RULE_FAILED, f"a rule has failed: {each}") for each in problems]
        return [self._placed(each, statement) for each in found]

    def _unqualified(self, code: str, statement: Statement) -> str:
        """Return *code* without the one schema of a run, which the revision does not name either.

        The same revision is for all tenants.
        """
        schema = self._context.url.schema
        if not schema or schema in statement.sql:
            return code
        word = json.dumps(schema, ensure_ascii=False)
        code = re.sub(rf", (?:\w+_)?schema={re.escape(word)}", "", code)
        # In SQL, which may be a text of Python.
        names = (schema, word, json.dumps(word)[1:-1])
        return re.sub(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})\.", "", code)

    def _placed(self, finding: Finding, statement: Statement) -> Finding:
        redact = self._context.redact
        return replace(
            finding,
            what=redact(finding.what),
            instead=redact(self._unqualified(finding.instead, statement)),
            file=statement.file,
            line=statement.line,
            accepted=None,
        )


def _linked(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Give *statements*, each with the one before it in its transaction."""
    previous: Statement | None = None
    for each in statements:
        is_same = previous is not None and previous.transaction == each.transaction
        previous = replace(each, previous=previous if is_same else None)
        yield previous
