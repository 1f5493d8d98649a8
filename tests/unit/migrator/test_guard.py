"""What stands between a slip of the hand and a production database."""

from __future__ import annotations

import shlex

import pytest

from app.db.url import DatabaseUrl
from app.errors import ConfirmationError
from app.migrator.guard import confirm


@pytest.mark.parametrize("given", [None, "another"])
def test_printed_confirmation_can_be_pasted_whatever_the_name_is(given: str | None) -> None:
    url = DatabaseUrl("postgresql://u@host/it%27s%20%22odd%22%3B%20ls")

    with pytest.raises(ConfirmationError) as refused:
        confirm(url, action="restore latest", given=given, ask=None)

    pasted = refused.value.next_step.partition("--confirm")[2]
    assert shlex.split(pasted) == [url.name]


@pytest.mark.parametrize("given", ["SHOP", "Shop", "shop2", "sho", ""])
def test_only_the_very_name_confirms(given: str) -> None:
    url = DatabaseUrl("postgresql://u@host/shop")

    with pytest.raises(ConfirmationError):
        confirm(url, action="downgrade base", given=given, ask=None)

    confirm(url, action="downgrade base", given="shop", ask=None)
