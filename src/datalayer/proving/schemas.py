"""Documents of classes of msgspec and pydantic, by their JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datalayer.proving.candidates import matching
from datalayer.runtime.documents.libraries import Library, libraries_of

_DEPTH = 6
_FORMATS: Mapping[str, str] = {
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "duration": "PT1S",
    "email": "a@example.org",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "time": "12:00:00Z",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000001",
}

_Schema = Mapping[str, Any]


def schema_samples(hint: Any) -> list[object]:  # noqa: ANN401 - an annotation
    """Return values of JSON that may fit; nothing where the library has no schema."""
    try:
        schema = _schema(hint)
    except Exception:  # neither library says which errors its classes can cause
        return []
    definitions: _Schema = schema.get("$defs", {})
    return _samples(schema, definitions, _DEPTH)


def _schema(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - an annotation
    if Library.MSGSPEC in libraries_of(hint):
        import msgspec  # noqa: PLC0415 - there, as the class shows

        return msgspec.json.schema(hint)
    import pydantic  # noqa: PLC0415 - there, as the class shows

    return pydantic.TypeAdapter(hint).json_schema()


def _samples(schema: _Schema, definitions: _Schema, depth: int) -> list[object]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _samples(definitions[name], definitions, depth - 1) if depth else []
    if "const" in schema:
        return [schema["const"]]
    if "enum" in schema:
        return list(schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return [
                sample
                for member in schema[several]
                for sample in _samples(member, definitions, depth)
            ]
    kind = schema.get("type")
    if kind == "object":
        return _objects(schema, definitions, depth)
    if kind == "array":
        return _arrays(schema, definitions, depth)
    return _scalars(schema, kind)


def _scalars(schema: _Schema, kind: object) -> list[object]:
    if kind == "string":
        return _texts(schema)
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        return [low, low + 1]
    if kind == "boolean":
        return [True, False]
    return [None] if kind == "null" else [{}]


def _texts(schema: _Schema) -> list[object]:
    if schema.get("contentEncoding") == "base64":
        return ["YQ=="]
    found: list[object] = ["a" * schema.get("minLength", 1)]
    if schema.get("format") in _FORMATS:
        found = [_FORMATS[schema["format"]]]
    elif "pattern" in schema:
        found = [*matching(schema["pattern"]), "1.50", *found]
    return found


def _arrays(schema: _Schema, definitions: _Schema, depth: int) -> list[object]:
    if "prefixItems" in schema:
        parts = [_samples(e, definitions, depth) for e in schema["prefixItems"]]
        return [[each[0] for each in parts]] if all(parts) else []
    items = _samples(schema.get("items") or {}, definitions, depth)
    count = schema.get("minItems", 1)
    return [*([] if schema.get("minItems") else [[]]), *([e] * count for e in items)]


def _objects(schema: _Schema, definitions: _Schema, depth: int) -> list[object]:
    known = {
        name: _samples(each, definitions, depth)
        for name, each in schema.get("properties", {}).items()
    }
    required = schema.get("required", ())
    least = {name: known[name][-1] for name in required if known.get(name)}
    found: list[object] = [
        {name: values[0] for name, values in known.items() if values},
        {name: values[-1] for name, values in known.items() if values},
        least,
        # One of them may be what a schema does not describe well enough.
        *({**least, name: values[0]} for name, values in known.items() if values),
    ]
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        found += ({"a": value} for value in _samples(more, definitions, depth))
    return found
