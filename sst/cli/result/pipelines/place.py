"""The place of a file as a pipeline names it: from the top of the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sst.migrator.ledger.checkout import git_top
from sst.migrator.run.failing.fault import shown

if TYPE_CHECKING:
    from sst.cli.call.invocation import Invocation


def in_checkout(file: str, invocation: Invocation) -> str:
    """Return *file*, relative to the project, from the top of its git checkout.

    A file that lies elsewhere, as that of an installed package does, is nothing: no line of the
    checkout can be annotated for it.
    """
    root = invocation.root_or_here
    top = (git_top(root) or root).resolve()
    path = (root / file).resolve()
    return shown(path, top) if path.is_relative_to(top) and path.is_file() else ""
