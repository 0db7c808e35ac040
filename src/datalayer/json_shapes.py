"""What a JSON document can be, as far as the query that makes it tells."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class JsonShape:
    """The kinds of values that are possible in one place of a document.

    It is each of these that is there: a place can hold an object as well as an array.
    The one with nothing in it stands for a place that is never filled.
    """

    #: `null`, `bool`, `int`, `float` and `str`, as `json.loads` makes them.
    scalars: frozenset[str] = frozenset()
    #: What the elements of an array can be.
    elements: JsonShape | None = None
    #: The keys of an object that are known.
    fields: tuple[JsonField, ...] | None = None
    #: What an object of unknown keys holds.
    values: JsonShape | None = None
    #: Whether nothing is known at all.
    is_anything: bool = False

    @property
    def is_nullable(self) -> bool:
        """Return whether the null of JSON is possible."""
        return self.is_anything or "null" in self.scalars


@dataclass(frozen=True, slots=True)
class JsonField:
    """A key of an object with what stands there."""

    name: str
    shape: JsonShape
    required: bool = True


ANYTHING = JsonShape(is_anything=True)
NEVER = JsonShape()
NULL = JsonShape(frozenset({"null"}))


def scalar(*names: str) -> JsonShape:
    """Return the shape of a value that is no array and no object."""
    return JsonShape(frozenset(names))


def array_of(elements: JsonShape) -> JsonShape:
    """Return the shape of an array."""
    return JsonShape(elements=elements)


def object_of(fields: tuple[JsonField, ...]) -> JsonShape:
    """Return the shape of an object; of equal keys the last one counts."""
    return JsonShape(fields=tuple({field.name: field for field in fields}.values()))


def mapping_of(values: JsonShape) -> JsonShape:
    """Return the shape of an object with unknown keys."""
    return JsonShape(values=values)


def joined(*shapes: JsonShape) -> JsonShape:
    """Return the shape of a place that can be each of several."""
    found = NEVER
    for shape in shapes:
        found = _join(found, shape)
    return found


def either_document(
    left: JsonShape | None, right: JsonShape | None
) -> JsonShape | None:
    """Return what holds for two documents, of which nothing may be known."""
    if left is None or right is None:
        return None
    found = _join(left, right)
    return None if found.is_anything else found


def _join(left: JsonShape, right: JsonShape) -> JsonShape:
    if left.is_anything or right.is_anything:
        return ANYTHING
    values = _either(left.values, right.values)
    fields = _join_fields(left.fields, right.fields)
    # An empty object is one of unknown keys as well.
    if fields == () and values is not None:
        fields = None
    return JsonShape(
        left.scalars | right.scalars,
        _either(left.elements, right.elements),
        fields,
        values,
    )


def _either(left: JsonShape | None, right: JsonShape | None) -> JsonShape | None:
    if left is None or right is None:
        return left or right
    return _join(left, right)


def _join_fields(
    left: tuple[JsonField, ...] | None, right: tuple[JsonField, ...] | None
) -> tuple[JsonField, ...] | None:
    """Return the keys of either object; required are those of both."""
    if left is None or right is None:
        return right if left is None else left
    here, there = ({field.name: field for field in each} for each in (left, right))
    return tuple(
        JsonField(
            name,
            joined(*(each[name].shape for each in (here, there) if name in each)),
            all(name in each and each[name].required for each in (here, there)),
        )
        for name in dict.fromkeys((*here, *there))
    )


def without_null(shape: JsonShape) -> JsonShape:
    """Return a shape without the null of JSON."""
    return replace(shape, scalars=shape.scalars - {"null"})


def stripped(shape: JsonShape) -> JsonShape:
    """Return what `jsonb_strip_nulls` leaves: no key with null, at any depth."""
    fields, values = shape.fields, shape.values
    if fields is not None:
        fields = tuple(
            JsonField(
                field.name,
                without_null(stripped(field.shape)),
                field.required and not field.shape.is_nullable,
            )
            for field in fields
        )
    return replace(
        shape,
        elements=None if shape.elements is None else stripped(shape.elements),
        fields=fields,
        values=None if values is None else without_null(stripped(values)),
    )


def concatenated(left: JsonShape, right: JsonShape) -> JsonShape:
    """Return what `||` makes of two objects, or of two arrays."""
    # Never equal to each other: `||` of anything else has rules of its own.
    if left == JsonShape(fields=left.fields) and right == JsonShape(
        fields=right.fields
    ):
        return object_of(_overwritten(left.fields or (), right.fields or ()))
    if left == JsonShape(elements=left.elements) and right == JsonShape(
        elements=right.elements
    ):
        return array_of(joined(left.elements or NEVER, right.elements or NEVER))
    return ANYTHING


def _overwritten(
    left: tuple[JsonField, ...], right: tuple[JsonField, ...]
) -> tuple[JsonField, ...]:
    known = {field.name: field for field in left}
    for field in right:
        before = known.get(field.name)
        if before is not None and not field.required:
            field = JsonField(
                field.name, joined(before.shape, field.shape), before.required
            )
        known[field.name] = field
    return tuple(known.values())
