"""Spells shapes of documents, and compares documents with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datalayer.json_shapes import JsonField, JsonShape

_SCALARS = {
    type(None): "null",
    bool: "bool",
    float: "float",
    int: "int",
    str: "str",
}


def spelled(shape: JsonShape) -> str:
    """Return a shape as the cases spell it."""
    if shape.is_anything:
        return "any"
    found = sorted(shape.scalars)
    if shape.elements is not None:
        found.append(f"[{spelled(shape.elements)}]")
    if shape.values is not None:
        found.append(f"{{*: {spelled(shape.values)}}}")
    if shape.fields is not None:
        fields = sorted(shape.fields, key=lambda field: field.name)
        found.append(f"{{{', '.join(map(_spelled_field, fields))}}}")
    return " | ".join(found)


def _spelled_field(field: JsonField) -> str:
    mark = "" if field.required else "?"
    return f"{field.name}{mark}: {spelled(field.shape)}"


def misfits(document: Any, shape: JsonShape, where: str = "") -> Iterator[str]:  # noqa: ANN401 - a document
    """Yield the places of a document that are not what a shape says."""
    if shape.is_anything:
        return
    if isinstance(document, list):
        if shape.elements is None:
            yield f"{where}: an array"
            return
        for each in document:
            yield from misfits(each, shape.elements, f"{where}[]")
    elif isinstance(document, dict):
        yield from _object_misfits(document, shape, where)
    elif _SCALARS[type(document)] not in shape.scalars:
        yield f"{where}: {document!r}"


def _object_misfits(
    document: dict[str, Any], shape: JsonShape, where: str
) -> Iterator[str]:
    if shape.values is not None:
        found = [
            misfit
            for name, value in document.items()
            for misfit in misfits(value, shape.values, f"{where}.{name}")
        ]
        if shape.fields is None or not found:
            yield from found
            return
    if shape.fields is None:
        yield f"{where}: an object"
        return
    known = {field.name: field for field in shape.fields}
    for name in document.keys() - known.keys():
        yield f"{where}.{name}: not known"
    for name, field in known.items():
        if name in document:
            yield from misfits(document[name], field.shape, f"{where}.{name}")
        elif field.required:
            yield f"{where}.{name}: missing"
