"""The functions that make values of json columns from their text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader

from datalayer.runtime.conversion import parse_array
from datalayer.runtime.documents.building import Building
from datalayer.runtime.documents.libraries import libraries_of, reader_of
from datalayer.runtime.documents.unfit import Unfit, is_list
from datalayer.runtime.json import JsonValue, loads

Read = Callable[[bytes], object]

#: The OIDs of json and jsonb, which are the same on every server.
_JSON_TYPES = (114, 3802)


@dataclass(slots=True, eq=False)
class JsonReader:
    """Makes the values of one type from the text of documents.

    How it does is decided when the first document is read: the module of the class may
    be in the midst of its own import when this one is.
    """

    type: object
    #: `app.types.Meta`; where it is defined is where names in quotes are looked up.
    name: str
    validated: bool = False
    of_elements: bool = False
    _read: Read | None = field(default=None, init=False, repr=False)

    @property
    def is_checked(self) -> bool:
        """Tell whether a document that does not fit is refused."""
        return _reader(self) is not loads

    def __call__(self, value: Any) -> Any:  # noqa: ANN401 - the class is the author's
        """Return the value of a document, or of an array of documents."""
        if self._read is None:
            self._read = _reader(self)
        if self.of_elements:
            # The array of a domain arrives as text.
            items = parse_array(value) if isinstance(value, str) else value
            return _read_items(list[Any](items), self._read)
        return self._read(value)


def json_type(type_: object, name: str, *, validated: bool = False) -> JsonReader:
    """Return what makes values of a type; `name` is its dotted name.

    Where the type says no more than that JSON is JSON, as a `TypedDict` of texts does,
    a document is compared with it only on demand: `validated`.
    """
    return JsonReader(type_, name, validated)


def json_array(reader: JsonReader) -> JsonReader:
    """Return what makes lists of the values that another one makes."""
    return JsonReader(reader.type, reader.name, reader.validated, of_elements=True)


#: What becomes of documents that nobody gave a type.
json_value = JsonReader(JsonValue, "datalayer.runtime.JsonValue")


class _JsonText(Loader):
    """Leaves a document as it is sent, by which null differs from NULL."""

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


def leave_json_text(adapters: AdaptersMap) -> None:
    """Let documents arrive as text, for the functions above."""
    for oid in _JSON_TYPES:
        adapters.register_loader(oid, _JsonText)


def _read_items(items: list[object], read: Read) -> list[object]:
    made: list[object] = []
    try:
        for item in items:
            made.append(_read_item(item, read))
    except Unfit as error:
        raise error.inside(len(made)) from error.__cause__
    return made


def _read_item(item: Any, read: Read) -> Any:  # noqa: ANN401 - nested as deep as the array
    if item is None:
        return None
    if is_list(item):
        return _read_items(item, read)
    return read(item.encode() if isinstance(item, str) else item)


def _reader(reader: JsonReader) -> Read:
    """Return what makes values of one document."""
    found = libraries_of(reader.type)
    if len(found) == 1:
        return reader_of(found.pop(), reader.type)
    building = Building(reader.name)
    node = building.node_of(reader.type)
    if node.plain and not reader.validated:
        return loads
    exact = building.needs_decimals

    def read(text: bytes) -> object:
        return node.build(loads(text, exact=exact))

    return read
