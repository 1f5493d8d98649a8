"""Guards between a slip of the hand and a live database."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from sst.errors import ConfirmationError, EnvironmentMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sst.db.url import DatabaseUrl


def needs_confirmation(target: str, *, is_protected: bool) -> bool:
    """Say whether a downgrade to *target* must be confirmed with the database's name.

    The base of one branch takes all of that branch's tables.
    """
    return is_protected or target.strip().rpartition("@")[2] == "base"


def confirm(
    url: DatabaseUrl,
    *,
    action: str,
    given: str | None,
    ask: Callable[[str], str] | None,
    loss: Sequence[str] = (),
    environment: str = "",
) -> None:
    """Return when the operator has written the database's name.

    Of one schema it is the schema's name.
    *given* is `--confirm NAME`; *ask* prompts on a terminal and is None without one. *loss* is
    shown before the question, a line each: what it takes away.
    Raises `ConfirmationError`.
    """
    if given is None and ask is None:
        raise ConfirmationError(
            what=f"{action} needs a confirmation and there is no terminal to ask on.",
            why="\n        ".join(
                [f"it can lose data in the {_kind(url)} {_name(url)!r} ({url})", *loss]
            ),
            next_step=f"repeat the command with --confirm {shlex.quote(_name(url))}",
        )
    if given is not None:
        answers = {given}
    else:
        assert ask is not None  # noqa: S101 - checked above
        where = [f"in the environment {environment}"] if environment else []
        given = ask(question(url, action, [*where, *loss]))
        answers = {given, given.strip()}
    if _name(url) not in answers:
        raise _not_confirmed(url, action, given.strip())


def question(url: DatabaseUrl, action: str, loss: Sequence[str]) -> str:
    """Return the text of a prompt; it ends with what is to be typed, in full."""
    lines = [f"{action} on {url}", *(f"  {line}" for line in loss), ""]
    last = (
        f"Any other answer than the {_kind(url)}'s name changes nothing.\n"
        f"Type {_name(url)} to go on: "
    )
    return "\n".join([*lines, last])


def guard_environment(remembered: str | None, environment: str, *, allowed: bool) -> None:
    """Raise `EnvironmentMismatchError` when the database was last run in another environment."""
    if remembered is None or remembered == environment or allowed:
        return
    raise EnvironmentMismatchError(
        what=f"This database belongs to the environment {remembered!r}, not to {environment!r}.",
        why=f"the last run on it was made with ENV_FOR_DYNACONF={remembered}",
        next_step="check DATABASE_URL; if the change is meant, add --allow-environment-change",
    )


def _not_confirmed(url: DatabaseUrl, action: str, answer: str) -> ConfirmationError:
    why = f"{answer!r} is not the name of the {_kind(url)} at {url}"
    return ConfirmationError(
        what=f"{action} was not confirmed; nothing was touched.",
        why=why if answer else "nothing was typed",
        next_step=f"write the {_kind(url)}'s name: --confirm {shlex.quote(_name(url))}",
    )


def _name(url: DatabaseUrl) -> str:
    return url.schema or url.name


def _kind(url: DatabaseUrl) -> str:
    return "schema" if url.schema else "database"
