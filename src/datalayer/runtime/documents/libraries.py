"""Documents as the classes of msgspec and pydantic, by those libraries."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, get_args

from datalayer.runtime.documents.unfit import Unfit

Read = Callable[[bytes], object]

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[(\.\.\.)\]")


class Library(Enum):
    """Who makes the values of a class."""

    MSGSPEC = "msgspec"
    PYDANTIC = "pydantic"


def libraries_of(hint: object) -> set[Library]:
    """Return the libraries whose classes an annotation names, its arguments too.

    A class of either library shows that the library is there, so that neither has to
    be imported to know.
    """
    found = {
        library
        for library, mark in _MARKS.items()
        if isinstance(hint, type) and hasattr(hint, mark)
    }
    for metadata in getattr(hint, "__metadata__", ()):
        root = type(metadata).__module__.partition(".")[0]
        found |= {library for library in Library if library.value == root}
    for argument in get_args(hint):
        found |= libraries_of(argument)
    return found


_MARKS = {
    Library.MSGSPEC: "__struct_fields__",
    Library.PYDANTIC: "__pydantic_validator__",
}


def reader_of(library: Library, hint: Any) -> Read:  # noqa: ANN401 - an annotation
    """Return the library's function that makes values from the text of a document."""
    if library is Library.MSGSPEC:
        return _msgspec_reader(hint)
    return _pydantic_reader(hint)


def _msgspec_reader(hint: Any) -> Read:  # noqa: ANN401 - an annotation
    import msgspec  # noqa: PLC0415 - not everybody has it

    decode = msgspec.json.Decoder(hint).decode

    def read(text: bytes) -> object:
        try:
            made: object = decode(text)
        except msgspec.MsgspecError as error:
            raise _of_msgspec(str(error)) from error
        return made

    return read


def _of_msgspec(message: str) -> Unfit:
    # "Expected `int`, got `str` - at `$.tags[0]`"
    reason, _, place = message.partition(" - at `")
    steps = [
        int(step[2]) if step[2] else step[1] or step[3]
        for step in _STEP.finditer(place)
    ]
    return Unfit(_lower(reason), steps)


def _pydantic_reader(hint: Any) -> Read:  # noqa: ANN401 - an annotation
    import pydantic  # noqa: PLC0415 - not everybody has it

    adapter: pydantic.TypeAdapter[object] = pydantic.TypeAdapter(hint)

    def read(text: bytes) -> object:
        try:
            return adapter.validate_json(text)
        except pydantic.ValidationError as error:
            raise _of_pydantic(error) from error

    return read


def _of_pydantic(error: Any) -> Unfit:  # noqa: ANN401 - its class may not be there
    # Without the values: a document may hold what no log should.
    problems = error.errors(
        include_url=False, include_context=False, include_input=False
    )
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Unfit(f"{_lower(first['msg'])}{more}", first["loc"])


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
