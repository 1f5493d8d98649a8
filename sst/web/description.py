"""The OpenAPI description: problem documents where FastAPI would describe its own errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sst.web.problems import PROBLEM_JSON, ProblemDocument

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMAS = "#/components/schemas/"
_NAME = "Problem"
_INVALID = str(HTTPStatus.UNPROCESSABLE_ENTITY.value)
_UNREADABLE = str(HTTPStatus.BAD_REQUEST.value)
_DOES_NOT_FIT = "A value that does not fit, or a body that is not JSON."
_NOT_READ = "A body whose bytes cannot be read."
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def problem_responses(meanings: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a router or a route that answers a problem document for these.

    *meanings* says by status what it means there: `{404: "There is no such site."}`.
    """
    return {status: _response(meaning) for status, meaning in meanings.items()}


def describe_problems(description: dict[str, Any]) -> None:
    """Say in *description* what FastAPI answers to bodies and parameters that do not fit."""
    for path in description["paths"].values():
        for operation in path.values():
            if _INVALID in operation["responses"]:
                operation["responses"][_INVALID] = _response(_DOES_NOT_FIT)
            if "requestBody" in operation:
                operation["responses"][_UNREADABLE] = _response(_NOT_READ)
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    for name in _NOT_OURS:
        schemas.pop(name, None)
    template = f"{_SCHEMAS}{{model}}"
    ours = ProblemDocument.model_json_schema(mode="serialization", ref_template=template)
    schemas |= ours.pop("$defs")
    schemas[_NAME] = ours


def _response(meaning: str) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": {"$ref": f"{_SCHEMAS}{_NAME}"}}}
    return {"description": meaning, "content": content}
