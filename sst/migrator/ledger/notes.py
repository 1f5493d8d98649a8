"""Notes of plugins on a run's record: checked, masked, and written at once."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from sst.errors import SstError
from sst.migrator.ledger.writer import Ledger
from sst.migrator.session.connections import open_connection
from sst.redaction.plugin_output import speaker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sst.migrator.values.context import Context

log = logging.getLogger("sst.migrate")

LARGEST_BYTES = 64 * 1024
"""Of the notes of one plugin on one run, as JSON."""
LONGEST_KEY = 100
NOBODY = "unknown"
"""Whose notes are that come from no call of a plugin."""
_LOCK_TIMEOUT = "2s"
_NEXT = "keep what is large elsewhere, and note where it is"


class Notes:
    """The notes of one run, by plugin and key; any thread may add one.

    Each is written on a connection of its own and committed, so it outlives what ends the run.
    One that cannot be written is kept, and written with the next one or by `settle`.
    """

    def __init__(self, context: Context, run_id: str, version_table: str) -> None:
        self._context = context
        self._run_id = run_id
        self._version_table = version_table
        self._lock = threading.Lock()
        self._notes: dict[str, dict[str, Any]] = {}
        self._is_held = False
        self._is_written = True

    def note(self, key: str, value: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Put *value* on the record under *key* of the plugin that is called; see `Run.note`.

        Raises `TypeError` and `ValueError` for what cannot be put there.
        """
        told = self._context.redact(_checked_key(key)), self._json_ready(key, value)
        plugin = speaker() or NOBODY
        with self._lock:
            notes = {**self._notes.get(plugin, {}), told[0]: told[1]}
            _refuse_large(plugin, key, notes)
            self._notes[plugin] = notes
            self._is_written = False
            if not self._is_held:
                self._write_now()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the notes of the body for later: it wants no connection to the database."""
        with self._lock:
            self._is_held = True
        try:
            yield
        finally:
            with self._lock:
                self._is_held = False

    def settle(self, ledger: Ledger) -> None:
        """Write with *ledger*, on the thread that it belongs to, what is not yet written."""
        with self._lock:
            if self._is_written:
                return
            try:
                self._is_written = ledger.record_notes(self._run_id, self._notes)
            except SQLAlchemyError as error:
                self._warn(error)

    def _write_now(self) -> None:
        try:
            with open_connection(
                self._context, f"sst-note {self._run_id}", autocommit=True
            ) as connection:
                connection.execute(text(f"set lock_timeout = '{_LOCK_TIMEOUT}'"))
                ledger = Ledger(connection, self._version_table)
                self._is_written = ledger.record_notes(self._run_id, self._notes)
        except (SQLAlchemyError, SstError) as error:
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        name = type(getattr(error, "orig", None) or error).__name__
        log.warning("notes of plugins are not yet on the record of run %s: %s", self._run_id, name)

    def _json_ready(self, key: object, value: Any) -> Any:  # noqa: ANN401
        try:
            return self._copy(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"the note {key!r} holds {error}") from None
        except RecursionError:
            raise ValueError(f"the note {key!r} is nested too deep: make it flat") from None

    def _copy(self, value: Any) -> Any:  # noqa: ANN401
        """Return *value* as it goes on record: of JSON's types only, and without secrets."""
        if isinstance(value, str):
            return self._context.redact(_storable(value))
        if isinstance(value, dict):
            return {self._copy(_text_key(each)): self._copy(value[each]) for each in value}
        if isinstance(value, list | tuple):
            return [self._copy(each) for each in value]
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"the number {value}, which JSON does not have: write None")
        if value is None or isinstance(value, bool | int | float):
            return value
        raise TypeError(f"a value of {type(value).__name__}, which JSON does not have: {_AS_TEXT}")


_AS_TEXT = "write it as text, such as str(value)"


def _checked_key(key: object) -> str:
    if not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= LONGEST_KEY:
        raise ValueError(
            f"{str(key)[:LONGEST_KEY]!r} is no key of a note: write 1 to {LONGEST_KEY} printable "
            "characters"
        )
    return key


def _text_key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise TypeError(f"a key of {type(key).__name__}, which JSON does not have: {_AS_TEXT}")


def _storable(value: str) -> str:
    """Return *value*; the server's JSON has neither the character 0 nor half a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("half a character, a lone surrogate: decode the text anew") from None
    if "\0" in value:
        raise ValueError("a text with the character 0: take it out")
    return str(value)


def _refuse_large(plugin: str, key: str, notes: dict[str, Any]) -> None:
    size = len(json.dumps(notes, ensure_ascii=False).encode())
    if size > LARGEST_BYTES:
        raise ValueError(
            f"with the note {key!r} those of {plugin} on this run are {size} bytes of JSON, and "
            f"{LARGEST_BYTES} is the limit: {_NEXT}"
        )
