"""The OpenAPI description, made once per process, and what the page for people shows of it.

It is in English, whoever asks: names of fields are, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@cache
def description() -> dict[str, Any]:
    with translation.override("en"):
        content: dict[str, Any] = json.loads(
            OpenApiJsonRenderer().render(SchemaGenerator().get_schema(request=None, public=True))
        )
    return content


@cache
def description_as_json() -> bytes:
    return json.dumps(description(), ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a member of an object. `link` names the object it is made of, if any."""

    name: str
    kind: str
    link: str
    words: str
    is_required: bool
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    words: str
    parameters: list[Field]
    body: str  # names of objects, or ""
    answer: str
    status: str
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that is sent or answered."""

    name: str
    words: str
    fields: list[Field]


def operations() -> dict[str, list[Operation]]:
    """All of them by their tag."""
    found: dict[str, list[Operation]] = {}
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    return found


def things() -> list[Thing]:
    """The objects, without mere lists of values: those stand with the fields."""
    schemas = description()["components"]["schemas"]
    return [
        Thing(name, schema.get("description", ""), _members(schema))
        for name, schema in sorted(schemas.items())
        if "properties" in schema
    ]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    parameters = [
        _field(one["name"], one["schema"], one.get("required", False), one["in"], one.get("description", ""))
        for one in operation.get("parameters", ())
    ]
    [status] = [code for code in operation["responses"] if code.startswith("2")]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        words=operation.get("description", "").replace("`", ""),
        parameters=sorted(parameters, key=lambda one: ("path", "query", "header").index(one.place)),
        body=_linked(operation.get("requestBody", {})),
        answer=_linked(operation["responses"][status]),
        status=status,
        problems=sorted(code for code in operation["responses"] if not code.startswith("2")),
    )


def _linked(holder: dict[str, Any]) -> str:
    content = holder.get("content", {}).get("application/json", {})
    return _name(content.get("schema", {}))


def _members(schema: dict[str, Any]) -> list[Field]:
    required = schema.get("required", ())
    return [_field(name, one, name in required) for name, one in schema["properties"].items()]


def _field(name: str, schema: dict[str, Any], is_required: bool, place: str = "", words: str = "") -> Field:
    kind, link = _kind(schema)
    # Where a field has a list of values, the framework repeats them below the words.
    said = (words or schema.get("description", "")).split("\n\n*")[0].replace("`", "")
    return Field(name, kind, link, "" if said.startswith("*") else said, is_required, place)


def _kind(schema: dict[str, Any]) -> tuple[str, str]:
    """What a value is, in words, and the name of the object it is or holds."""
    if parts := schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf"):
        kinds = [_kind(part) for part in parts]
        link = next((link for _kind_, link in kinds if link), "")
        return " or ".join(dict.fromkeys(kind for kind, _link in kinds if kind)), link
    if name := _name(schema):
        inner = description()["components"]["schemas"][name]
        return ("", name) if "properties" in inner else _kind(inner)
    if "enum" in schema:
        return ", ".join("null" if value is None else str(value) or '""' for value in schema["enum"]), ""
    given = schema.get("type", "")
    names: list[str] = given if isinstance(given, list) else [given]
    if "array" in names:
        inner_kind, link = _kind(schema.get("items", {}))
        return f"list of {inner_kind}" if inner_kind else "list of", link
    return " or ".join(names) + (f" ({schema['format']})" if "format" in schema else ""), ""


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).removeprefix("#/components/schemas/")
