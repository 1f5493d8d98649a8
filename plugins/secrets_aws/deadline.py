"""One deadline for everything that is asked of AWS.

The client's own timeouts bound a try of one request; looking up names and finding credentials
(the metadata of a machine, a login that has ended) have others, or none.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sst.hooks import ConfigError

from .references import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .references import Reference


def within(
    seconds: float, read: Callable[[], dict[str, str]], references: Sequence[Reference]
) -> dict[str, str]:
    """Return what *read* returns; raise what it raises.

    Raises `ConfigError` that names the first of *references* when it takes longer than *seconds*;
    its thread is then left alone.
    """
    call = _Call(read)
    thread = threading.Thread(target=call.run, name="secrets-aws", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        late = UnreadableError(f"was not read: no answer from AWS within {seconds:g} s")
        raise ConfigError([references[0].problem(late, len(references) - 1)])
    return call.result()


class _Call:
    """One call and how it ended."""

    def __init__(self, read: Callable[[], dict[str, str]]) -> None:
        self._read = read
        self._values: dict[str, str] = {}
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make the call."""
        try:
            self._values = self._read()
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            self._error = error

    def result(self) -> dict[str, str]:
        """Return the values, or raise."""
        if self._error is not None:
            raise self._error
        return self._values
