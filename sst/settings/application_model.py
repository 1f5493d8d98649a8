"""The model of the application's own settings: imported by its name, judged before its use."""

from __future__ import annotations

import ast
import importlib
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sst.config.declared.annotations import Kind, has_telling_name, is_secret, kind_of
from sst.config.declared.names import APP, APP_SETTINGS, did_you_mean
from sst.config.declared.schema import Settings
from sst.config.declared.secret_pickles import models_with
from sst.config.declared.setting import settings_of
from sst.errors import Problem
from sst.hooks.contract.error_location import describe_error, location_of, name_location, shown
from sst.hooks.finding.loading import LOAD_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from sst.config import Sources

_EXAMPLE = f'write {APP_SETTINGS} = "app.settings:AppSettings"'


@dataclass(frozen=True, slots=True)
class ApplicationModel:
    """The model, or why there is none; both are empty when the settings name none."""

    model: type[BaseModel] | None = None
    problems: tuple[Problem, ...] = ()


def application_model(sources: Sources) -> ApplicationModel:
    """Import the model that `app_settings` names; the project's folder is on `sys.path` meanwhile.

    Whatever is wrong with it is a problem with file and line, nothing is raised.
    """
    named = sources.application
    if named is None or not isinstance(named.value, str):
        return ApplicationModel()
    found = _imported(named.value, named.source, sources.root)
    if isinstance(found, Problem):
        return ApplicationModel(problems=(found,))
    faults = _Faults(found, sources.root)
    if incomplete := faults.incomplete():
        return ApplicationModel(problems=(incomplete,))
    for each in models_with(found):
        each.model_config["frozen"] = True
    problems = tuple(faults.found())
    return ApplicationModel(None if problems else found, problems)


def _imported(text: str, source: str, root: Path) -> type[BaseModel] | Problem:
    name, separator, attribute = text.strip().partition(":")
    if not (separator and name.replace(".", "").isidentifier() and attribute.isidentifier()):
        return Problem(APP_SETTINGS, "is not MODULE:CLASS", source, _EXAMPLE)
    try:
        with _importable(root):
            module = importlib.import_module(name)
    except LOAD_ERRORS as error:
        return _broken(name, error, source, root)
    if fault := _stranger(name, module, root):
        return Problem(APP_SETTINGS, fault, source, "rename the project's package, or the other")
    return _class_in(module, attribute, source, root)


def _class_in(
    module: ModuleType, attribute: str, source: str, root: Path
) -> type[BaseModel] | Problem:
    found = getattr(module, attribute, None)
    models = [name for name, one in vars(module).items() if _is_model(one)]
    near = did_you_mean(attribute, models) or (f"did you mean {models[0]!r}?" if models else "")
    if found is None:
        what = f"there is no {attribute} in {module.__name__}"
        return Problem(APP_SETTINGS, what, source, near)
    if _is_model(found):
        model: type[BaseModel] = found
        return model
    file, line = name_location(module, attribute)
    what = f"{attribute} is not a pydantic model"
    hint = near if near or not isinstance(found, type) else f"write class {attribute}(BaseModel)"
    return Problem(APP_SETTINGS, what, shown(file, root, line), hint)


def _is_model(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel) and found is not BaseModel


def _broken(name: str, error: BaseException, source: str, root: Path) -> Problem:
    """Return why the module *name* cannot be imported, at the line of the project that broke."""
    place = location_of(error, name.partition(".")[0])
    where = shown(place[0], root, place[1]) if place else source
    what = f"{name} cannot be imported: {describe_error(error)}"
    is_missing = isinstance(error, ModuleNotFoundError) and name.startswith(error.name or "-")
    hint = _instead_of(name, root) if is_missing else ""
    return Problem(APP_SETTINGS, what, where, hint)


def _instead_of(name: str, root: Path) -> str:
    """Return what to write for the module *name*, which does not exist."""
    package, _, _ = name.rpartition(".")
    folder = root.joinpath(*package.split(".")) if package else root
    files = [*folder.glob("*.py")]
    siblings = [".".join(filter(None, (package, file.stem))) for file in files]
    hint = f"write {name.replace('.', '/')}.py with the class, or take the line away"
    return did_you_mean(name, siblings) or hint


def _stranger(name: str, module: ModuleType, root: Path) -> str:
    """Return that *module* is another project's, where this one has a module of that *name*."""
    top = name.partition(".")[0]
    own = (root / top, root / f"{top}.py")
    file = getattr(module, "__file__", None) or ""
    # Not whatever is below the root: a virtual environment can be there.
    is_own = any(Path(file).resolve().is_relative_to(one.resolve()) for one in own)
    if is_own or not any(one.exists() for one in own):
        return ""
    return f"{name} is a module of somebody else in this process: {file}"


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """Let modules in *root* be imported, before any other of their name."""
    own = str(root.resolve())
    sys.path.insert(0, own)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(own)


@dataclass(frozen=True, slots=True)
class _Faults:
    """What is wrong with a model, whatever values it will get."""

    model: type[BaseModel]
    root: Path

    def incomplete(self) -> Problem | None:
        """Return why the model cannot be built: it names a type that does not exist."""
        for each in models_with(self.model):
            try:
                each.model_rebuild()
            except Exception as error:  # noqa: BLE001 - whatever pydantic finds wrong with a type
                name = getattr(error, "name", "")
                what = f"names the type {name}, which is not defined when it is imported"
                hint = f"import {name} outside of `if TYPE_CHECKING`"
                if not name:
                    what, hint = f"is no complete model: {describe_error(error)}", ""
                return Problem(each.__name__, what, self._place(each, ""), hint)
        return None

    def found(self) -> Iterator[Problem]:
        """Yield the faults, each at its line."""
        yield from self._names()
        for each in models_with(self.model):
            yield from self._unmarked_secrets(each)
            yield from self._defaults(each)

    def _names(self) -> Iterator[Problem]:
        tables = {
            APP,
            *(setting.path[0] for setting in settings_of(Settings, ()) if setting.path[1:]),
        }
        for name in self.model.model_fields:
            if name in tables:
                what = f"is called like the table [default.{name}] of the core"
                yield self._problem(self.model, name, what, "call it otherwise")

    def _unmarked_secrets(self, model: type[BaseModel]) -> Iterator[Problem]:
        for name, info in model.model_fields.items():
            extra = info.json_schema_extra
            is_declared = isinstance(extra, dict) and "secret" in extra
            is_text = kind_of(info.annotation) is not Kind.PLAIN
            if is_declared or not (is_text and has_telling_name(name)):
                continue
            if not is_secret(info.annotation, ""):
                what = "is called like a secret and is a plain text, which could be printed"
                hint = 'make it a SecretStr; no secret: Field(json_schema_extra={"secret": False})'
                yield self._problem(model, name, what, hint)

    def _defaults(self, model: type[BaseModel]) -> Iterator[Problem]:
        words = {"model_config": ConfigDict(validate_default=True, hide_input_in_errors=True)}
        try:
            strict: Any = type(model.__name__, (model,), {"__module__": model.__module__, **words})
            strict.model_validate({})
        except ValidationError as error:
            refused = error.errors(include_input=False, include_url=False, include_context=False)
            for one in refused:
                name = str(one["loc"][0]) if one["loc"] else ""
                if one["type"] != "missing" and name in model.model_fields:
                    what = f"has a default that is refused: {one['msg'].removeprefix('Input ')}"
                    yield self._problem(model, name, what, "correct the default")
        except Exception:  # noqa: BLE001, S110 - a validator that needs the real values
            pass

    def _problem(self, model: type[BaseModel], name: str, what: str, hint: str) -> Problem:
        return Problem(f"{model.__name__}.{name}", what, self._place(model, name), hint)

    def _place(self, model: type[BaseModel], name: str) -> str:
        file = getattr(sys.modules.get(model.__module__), "__file__", None) or model.__module__
        return shown(file, self.root, _line_of_field(Path(file), model.__name__, name))


def _line_of_field(file: Path, model: str, name: str) -> int:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return 1
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    found = next((one for one in classes if one.name == model), None)
    fields = (
        node.lineno
        for node in (found.body if found else ())
        if isinstance(node, ast.AnnAssign)
        if isinstance(node.target, ast.Name) and node.target.id == name
    )
    return next(fields, found.lineno if found else 1)
