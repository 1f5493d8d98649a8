"""The types of columns as a revision has them: it can be imported and run as it is written."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from alembic.autogenerate.render import _repr_type
from sqlalchemy import Enum
from sqlalchemy.types import TypeDecorator, TypeEngine

from sst.bridge.models.enum_labels import ANOTHER, enum_of
from sst.bridge.new_revision.in_words import type_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alembic.autogenerate.api import AutogenContext
    from alembic.runtime.migration import MigrationContext

    Render = Callable[[str, Any, AutogenContext], Any]

_POSTGRESQL = "from sqlalchemy.dialects import postgresql"


def render_types(context: MigrationContext) -> None:
    """Let *context* write enum types and types of other packages so that they can be run.

    env.py's own `render_item` and `user_module_prefix` decide first. An enum is written without
    its creation, which is a statement of the revision (`named_types.py`). A type whose text would
    not make it again, as many a `TypeDecorator`'s, is written as the type of the column it makes.
    """
    theirs: Render | None = context.opts.get("render_item")
    has_prefix = bool(context.opts.get("user_module_prefix"))

    def render(kind: str, item: Any, autogen: AutogenContext) -> Any:  # noqa: ANN401 - Alembic's
        rendered = theirs(kind, item, autogen) if theirs else False
        if rendered is not False or kind != "type" or _has_variants(item):
            return rendered
        if (enum := _enum(item)) is not None and ANOTHER not in sys.modules:
            autogen.imports.add(_POSTGRESQL)
            return _enum_text(enum)
        return False if has_prefix or not _is_foreign(item) else _foreign_text(item, autogen)

    context.opts["render_item"] = render


def _has_variants(kind: TypeEngine[Any]) -> bool:
    """Return whether *kind* is another one with some dialects: Alembic asks for each of them."""
    return bool(kind._variant_mapping)  # noqa: SLF001 - what with_variant() keeps


def _enum(kind: TypeEngine[Any]) -> Enum | None:
    """Return the named enum that *kind* is; an array renders its items by itself."""
    found = enum_of(kind) if isinstance(kind, Enum | TypeDecorator) else None
    return found if found is not None and found.name and _is_column_of(kind, found) else None


def _is_column_of(kind: TypeEngine[Any], enum: Enum) -> bool:
    return type_text(kind) == type_text(enum)


def _enum_text(enum: Enum) -> str:
    schema = f", schema={enum.schema!r}" if enum.schema else ""
    labels = ", ".join(map(repr, enum.enums))
    return f"postgresql.ENUM({labels}, name={enum.name!r}{schema}, create_type=False)"


def _is_foreign(kind: object) -> bool:
    module = type(kind).__module__
    return isinstance(kind, TypeEngine) and not f"{module}.".startswith("sqlalchemy.")


def _foreign_text(kind: TypeEngine[Any], autogen: AutogenContext) -> str | bool:
    module = type(kind).__module__
    works = (text for text in _texts(kind) if _makes(text, module, kind))
    text = next(works, None)
    if text is None and isinstance(kind, TypeDecorator):
        below = kind.load_dialect_impl(autogen.migration_context.dialect)
        return _repr_type(below, autogen)
    autogen.imports.add(f"import {module}")
    return text or next(_texts(kind))


def _texts(kind: TypeEngine[Any]) -> Iterator[str]:
    yield f"{type(kind).__module__}.{kind!r}"
    yield f"{type(kind).__module__}.{type(kind).__qualname__}()"


def _makes(text: str, module: str, kind: TypeEngine[Any]) -> bool:
    """Return whether *text*, with *module* imported, makes a type of the same column as *kind*."""
    try:
        importlib.import_module(module)
        name = module.partition(".")[0]
        made = eval(text, {name: sys.modules[name]})  # noqa: S307 - what the revision will run
    except Exception:  # noqa: BLE001 - a constructor may raise whatever it likes
        return False
    return isinstance(made, type(kind)) and type_text(made) == type_text(kind)
