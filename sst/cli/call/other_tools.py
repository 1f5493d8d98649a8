"""The words of other migration tools, answered with ours: nobody should have to guess."""

from __future__ import annotations

from sst.command_line import PROGRAM

WORDS = {
    "apply": "upgrade",
    "baseline": "stamp REVISION",
    "branches": "history",
    "clean": "downgrade base",
    "create": "revision -m MESSAGE",
    "deploy": "upgrade",
    "diff": "check",
    "doctor": "plugins doctor",
    "down": "downgrade -1",
    "edit": "revision -m MESSAGE",
    "fake": "stamp REVISION",
    "fix": "repair",
    "generate": "revision --autogenerate -m MESSAGE",
    "heads": "history",
    "list": "history",
    "ls": "history",
    "log": "runs list",
    "make": "revision -m MESSAGE",
    "makemigrations": "revision --autogenerate -m MESSAGE",
    "mark": "stamp REVISION",
    "merge": "revision --head heads -m MESSAGE",
    "migrate": "upgrade",
    "migration": "revision -m MESSAGE",
    "new": "revision -m MESSAGE",
    "push": "upgrade",
    "redo": "downgrade -1",
    "reset": "downgrade base",
    "resolve": "repair",
    "revert": "downgrade -1",
    "rollback": "downgrade -1",
    "run": "upgrade",
    "show": "history",
    "showmigrations": "history",
    "sqlmigrate": "plan --sql",
    "sync": "upgrade",
    "undo": "downgrade -1",
    "up": "upgrade",
    "update": "upgrade",
    "validate": "check",
    "verify": "check",
    "version": "current",
}
"""Our command, by the word of Flyway, Liquibase, Django, Rails, Prisma, sqitch or Alembic."""
_REMARKS = {
    "redo": "Run `{program} upgrade` after it.",
}


def answer_to(word: str) -> str:
    """Return the sentence that answers *word* with the command that is meant."""
    remark = _REMARKS.get(word, "").format(program=PROGRAM)
    return f"There is no command {word!r} here: it is `{PROGRAM} {WORDS[word]}`. {remark}".strip()
