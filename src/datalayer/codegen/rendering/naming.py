"""Python names for the names of SQL."""

from __future__ import annotations

import keyword
import re
import unicodedata

_NOT_WORD = re.compile(r"[^0-9A-Za-z]+")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DIGITS = re.compile(r"(\d+)")


def python_name(name: str) -> str:
    """Return an identifier as Python may spell it: `class` becomes `class_`."""
    normal = unicodedata.normalize("NFKC", name)
    return f"{normal}_" if keyword.iskeyword(normal) else normal


def is_field_name(name: str) -> bool:
    """Tell whether a column's name can be an attribute as it is.

    Two leading underscores would be mangled, or be one of Python's own attributes.
    """
    normal = unicodedata.normalize("NFKC", name)
    return normal.isidentifier() and not normal.startswith("__")


def class_name(name: str) -> str:
    """Return a name in CamelCase: `patch_chain_member` becomes `PatchChainMember`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word for word in _NOT_WORD.split(ascii_name) if word]
    camel = "".join(word[:1].upper() + word[1:] for word in words)
    if not camel or camel[0].isdigit():
        camel = f"Type{camel}"
    return python_name(camel)


def constant_name(class_: str, suffix: str) -> str:
    """Return a constant's name beside a class: `HomeAddress` has `HOME_ADDRESS_…`."""
    words = _WORD_START.sub("_", class_.rstrip("_"))
    return f"{words}_{suffix}".upper()


def field_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attributes for the fields of a composite type, in their order.

    Unlike a column, a field has the name of its type and not of a query's choosing, so
    that every name has an attribute.
    """
    taken: set[str] = set()
    found = []
    for name in names:
        chosen = stem = python_name(name) if is_field_name(name) else _field_name(name)
        number = 2
        while chosen in taken:
            chosen = f"{stem}_{number}"
            number += 1
        taken.add(chosen)
        found.append(chosen)
    return tuple(found)


def member_names(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of an enum's members in the order of its labels."""
    taken: set[str] = set()
    names = []
    for label in labels:
        name = stem = _member_name(label)
        number = 2
        while name in taken:
            name = f"{stem}_{number}"
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def export_key(name: str) -> tuple[object, ...]:
    """Return what ruff sorts `__all__` by: constants, classes, the rest."""
    return (_kind(name), natural_key(name))


def import_key(name: str) -> tuple[object, ...]:
    """Return what ruff sorts imported names by: the same, yet case does not count."""
    return (_kind(name), natural_key(name.lower()), name)


def _kind(name: str) -> int:
    if len(name) > 1 and name.isupper():
        return 0
    return 1 if name[:1].isupper() else 2


def natural_key(name: str) -> tuple[object, ...]:
    """Return a key that puts `a9` before `a10`."""
    parts = _DIGITS.split(name)
    return tuple(
        (part.isdigit(), int(part) if part.isdigit() else part)
        for part in parts
        if part
    )


def _field_name(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = _NOT_WORD.sub("_", ascii_name).strip("_")
    return f"field_{words}" if not words or words[0].isdigit() else python_name(words)


def _member_name(label: str) -> str:
    ascii_label = (
        unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    )
    name = _NOT_WORD.sub("_", ascii_label).strip("_").upper()
    if not name:
        return "EMPTY" if not label else "LABEL"
    return f"LABEL_{name}" if name[0].isdigit() else name
