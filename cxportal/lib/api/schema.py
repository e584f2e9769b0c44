"""What is added to the description of the API: the problems every operation may answer with."""

from __future__ import annotations

from typing import Any

from drf_spectacular.plumbing import get_lib_doc_excludes

from cxportal.lib.api.problems import CONTENT_TYPE, KINDS, URN, WHOLE
from cxportal.lib.api.views import ApiView

PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "enum": [URN + kind for kind, _title, _detail in KINDS.values()]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "For people, in the language of whoever asks."},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "object",
            "description": f"By field; under `{WHOLE}` what is about no single one.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A post-processing hook of drf-spectacular."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["responses"] = {f"Problem{code}": _response(code) for code in sorted(KINDS)}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for code in _codes(path, method, operation):
                operation["responses"].setdefault(
                    str(code), {"$ref": f"#/components/responses/Problem{code}"}
                )
    return result


def classes_without_words() -> list[type]:
    """Whose docstrings speak to contributors, and are no description of an operation."""
    return [*get_lib_doc_excludes(), ApiView]


def _codes(path: str, method: str, operation: dict[str, Any]) -> set[int]:
    codes = {401, 403, 405, 406, 429}
    queries = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    if "{" in path or any(one["name"] == "page" for one in queries):
        codes.add(404)
    if queries:
        codes.add(422)
    if method == "post":
        codes |= {400, 409, 413, 415, 422}
    return codes


def _response(code: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": KINDS[code][0].replace("-", " ").capitalize(),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if code == 429:
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": True}
        }
    return response
