"""What messages are recognised by: the SHA-256 of what they say, however it is sent.

A message is its role and its blocks. Text has LF as its line ends, no white space
around it and no `<system-reminder>…</system-reminder>`; without any text left the block
is gone. A string is one block of text. An image is the hash of its data. Of two blocks
of one tool id in a message the first one counts. `cache_control` says nothing. Blocks
of other types count as JSON: without the order of members, and with one number for `1`,
`1.0` and `1e0`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from datalayer.domains.conversations.messages import (
    blocks_of,
    member_of,
    role_of,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalayer.runtime import JsonInput

try:
    import orjson
except ImportError:  # pragma: no cover - as in the thin install
    _dumps = None
else:
    _dumps = orjson.dumps

#: Digests of messages that came lately, by their keys: no word of what they say.
_DIGESTS: dict[bytes, bytes] = {}
_MOST_DIGESTS = 20_000

_OPENING = "<system-reminder>"
_CLOSING = "</system-reminder>"


def hash_messages(messages: Iterable[JsonInput]) -> str:
    """Return the hash of a list of messages."""
    return hash_prefixes([*messages], (0,))[0]


def hash_prefixes(messages: Sequence[JsonInput], dropped: Sequence[int]) -> list[str]:
    """Return the hashes of a list without its last messages, so many at a time.

    Messages are read once for all of them.
    """
    lengths = [max(len(messages) - count, 0) for count in dropped]
    digests: dict[int, str] = {}
    hasher = hashlib.sha256()
    for length in range(max(lengths, default=0) + 1):
        if length:
            hasher.update(digest_of(messages[length - 1]))
        if length in lengths:
            digests[length] = hasher.hexdigest()
    return [digests[length] for length in lengths]


def digest_of(message: JsonInput) -> bytes:
    """Return the digest of one message."""
    return _remembered(
        b"message", message, lambda: _sha256(encode(normal_message(message)))
    )


def hash_system(system: JsonInput) -> str | None:
    """Return the hash of a system prompt; None when it says nothing."""
    return (
        _remembered(b"system", system, lambda: _digest_of_system(system)).hex() or None
    )


def _digest_of_system(system: JsonInput) -> bytes:
    blocks = _normal_blocks(system)
    return _sha256(encode(blocks)) if blocks else b""


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _remembered(kind: bytes, value: JsonInput, compute: Callable[[], bytes]) -> bytes:
    """Return a digest.

    Requests of one conversation repeat its messages: what came lately is known.
    """
    key = _key_of(kind, value)
    found = _DIGESTS.get(key) if key else None
    if found is None:
        found = compute()
        if key:
            if len(_DIGESTS) >= _MOST_DIGESTS:
                _DIGESTS.clear()
            _DIGESTS[key] = found
    return found


def _key_of(kind: bytes, value: JsonInput) -> bytes | None:
    """Return bytes that only equal values have; None when they would take long."""
    if _dumps is None or value is None:
        return None
    try:
        content = _dumps(value)
    except TypeError:
        # No JSON of orjson's: an integer beyond 64 bits, a lone surrogate.
        return None
    return hashlib.blake2b(content, digest_size=20, person=kind).digest()


def normal_message(message: JsonInput) -> JsonInput:
    """Return what a message says, in the one form that all ways to say it share."""
    if not isinstance(message, Mapping):
        return ("other", message)
    return ("message", role_of(message), _normal_blocks(member_of(message, "content")))


def normal_text(text: str) -> str:
    """Return a text with LF, without reminders and without white space around it."""
    return _without_reminders(text.replace("\r\n", "\n")).strip()


def _normal_blocks(content: JsonInput, *, nested: bool = False) -> list[JsonInput]:
    """Return the blocks that say something; in a result of a tool there are few."""
    normal: list[JsonInput] = []
    seen: set[tuple[JsonInput, str]] = set()
    for block in blocks_of(content):
        name = type_of(block)
        normalise = _BLOCKS.get(name) if isinstance(name, str) else None
        if nested and name == "tool_result":
            # One inside another is no message: it may be nested without an end.
            normalise = None
        found = None if normalise is None else normalise(block)
        found = _other(block) if found is None else found
        if found is _NOTHING or _is_repeated(block, seen):
            continue
        normal.append(found)
    return normal


def _is_repeated(block: JsonInput, seen: set[tuple[JsonInput, str]]) -> bool:
    identifier = member_of(block, _TOOL_IDS.get(str(type_of(block)), ""))
    if not isinstance(identifier, str):
        return False
    key = (type_of(block), identifier)
    if key in seen:
        return True
    seen.add(key)
    return False


def _text(block: JsonInput) -> JsonInput:
    text = member_of(block, "text")
    if not isinstance(text, str):
        return None
    normal = normal_text(text)
    return ("text", normal) if normal else _NOTHING


def _image(block: JsonInput) -> JsonInput:
    data = member_of(member_of(block, "source"), "data")
    if not isinstance(data, str):
        return None
    return ("image", hashlib.sha256(_bytes("".join(data.split()))).hexdigest())


def _tool_use(block: JsonInput) -> JsonInput:
    members = (member_of(block, name) for name in ("id", "name", "input"))
    return ("tool_use", *members)


def _tool_result(block: JsonInput) -> JsonInput:
    is_error = member_of(block, "is_error") or False
    blocks = _normal_blocks(member_of(block, "content"), nested=True)
    return ("tool_result", member_of(block, "tool_use_id"), is_error, blocks)


def _other(block: JsonInput) -> JsonInput:
    if not isinstance(block, Mapping):
        return ("other", block)
    return ("other", {k: v for k, v in block.items() if k != "cache_control"})


#: A block that says nothing.
_NOTHING = ("nothing",)

_BLOCKS: dict[str, Callable[[JsonInput], JsonInput]] = {
    "image": _image,
    "text": _text,
    "tool_result": _tool_result,
    "tool_use": _tool_use,
}

_TOOL_IDS = {"tool_result": "tool_use_id", "tool_use": "id"}


def _without_reminders(text: str) -> str:
    # By hand: a regular expression would look for an end from every beginning.
    kept: list[str] = []
    position = 0
    while (start := text.find(_OPENING, position)) >= 0:
        end = text.find(_CLOSING, start)
        if end < 0:
            break
        kept.append(text[position:start])
        position = end + len(_CLOSING)
    return "".join(kept) + text[position:]


def encode(value: JsonInput) -> bytes:
    """Return bytes that no other value has: each part says where it ends.

    Values may be nested as deeply as they like, and strings hold what they like.
    """
    parts: list[bytes] = []
    # What is still to be said, the next one last.
    todo: list[JsonInput] = [value]
    while todo:
        current = todo.pop()
        if isinstance(current, str):
            content = _bytes(current)
            parts.append(b"s%d:%b" % (len(content), content))
        elif isinstance(current, Mapping):
            parts.append(b"{%d:" % len(current))
            for name in sorted(current, key=str, reverse=True):
                todo += (current[name], str(name))
        elif isinstance(current, Sequence):
            parts.append(b"[%d:" % len(current))
            todo.extend(reversed(current))
        else:
            parts.append(_scalar(current))
    return b"".join(parts)


def _scalar(value: JsonInput) -> bytes:
    if value is None:
        return b"n;"
    if isinstance(value, bool):
        return b"t;" if value else b"f;"
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int):
        # In decimal Python refuses thousands of digits.
        return b"i%x;" % value
    return b"?" + encode(repr(value))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
