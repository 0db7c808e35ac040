"""Headers and paths as they may be stored: with their secrets masked."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from datalayer.runtime import JsonInput, JsonValue

#: What stands for a secret, or for the part of it that is not shown.
MASK = "***"

#: Headers that hold a key. Its end is shown, so that people can tell keys apart.
KEY_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "x-goog-api-key",
    }
)

#: Headers of which nothing is shown: a cookie may end in a whole secret, a short one.
HIDDEN_HEADERS = frozenset(
    {
        "cookie",
        "set-cookie",
        "x-amz-security-token",
        "x-csrf-token",
    }
)

#: How much of the end of a key is shown at most, and of how many characters one.
_SHOWN = 6
_SHOWN_OF = 3

#: A scheme before a key. What follows any other one may be a password.
_BEARER = re.compile(r"bearer\s+", re.IGNORECASE)
_SPACE = re.compile(r"\s")
_MASKED = re.compile(r"\*{3}[^\s*]{0,6}")

#: Where a key comes from, the first of these that is there.
_KEY_SOURCES = ("x-api-key", "authorization", "api-key", "x-goog-api-key")

#: Parameters of a path that hold a secret.
_PATH_SECRET = re.compile(
    r"(?<=[?&;])((?:api[_-]?key|key|(?:access_|auth_)?token|secret|signature|sig)=)"
    r"[^&;#]*",
    re.IGNORECASE,
)


def mask_headers(
    headers: Mapping[str, JsonInput], *, also_mask: Collection[str] = ()
) -> dict[str, JsonValue]:
    """Return headers, by names in any case, with the secrets among them masked.

    Of a key the last 6 characters stay, fewer when it is short, and of `also_mask` and
    of cookies nothing. What is masked already stays as it is.
    """
    hidden = HIDDEN_HEADERS | {_plain_name(name) for name in also_mask}
    return {
        name: _mask_header(_plain_name(name), value, hidden)
        for name, value in headers.items()
    }


def mask_key(key: str) -> str:
    """Return the mask of a key, with its last 6 characters, or fewer of a short one."""
    if _MASKED.fullmatch(key):
        return key
    shown = min(_SHOWN, len(key) // _SHOWN_OF)
    return MASK + key[len(key) - shown :]


def mask_path(path: str) -> str:
    """Return a path whose parameters that hold a key or a token are masked."""
    return _PATH_SECRET.sub(rf"\g<1>{MASK}", path)


def key_hash_of(headers: Mapping[str, JsonInput]) -> str | None:
    """Return the SHA-256 of the key that a request came with, in hexadecimal.

    None when there is no key, or it is masked already.
    """
    by_name = {_plain_name(name): value for name, value in headers.items()}
    for name in _KEY_SOURCES:
        key = _key_of(by_name.get(name))
        if key and not _MASKED.fullmatch(key):
            return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return None


def _key_of(value: JsonInput) -> str | None:
    """Return the key in a header, the first one in a list; None for a password."""
    if isinstance(value, list | tuple):
        value = next(iter(value), None)
    if not isinstance(value, str):
        return None
    text = value.strip()
    key = _BEARER.sub("", text, count=1) if _BEARER.match(text) else text
    return None if _SPACE.search(key) else key


def _mask_header(name: str, value: JsonInput, hidden: Collection[str]) -> JsonValue:
    if name in hidden:
        return _mask_value(value, is_hidden=True)
    if name in KEY_HEADERS:
        return _mask_value(value, is_hidden=False)
    return _as_json(value)


def _mask_value(value: JsonInput, *, is_hidden: bool) -> JsonValue:
    """Mask a header's value, or each of several."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [_mask_value(item, is_hidden=is_hidden) for item in value]
    key = None if is_hidden or not isinstance(value, str) else _key_of(value)
    return MASK if key is None else mask_key(key)


def _as_json(value: JsonInput) -> JsonValue:
    """Return the same value, as the type that is read back."""
    plain: JsonValue = list(value) if isinstance(value, tuple) else value  # type: ignore[assignment]  # what goes in as JSON comes out as JSON
    return plain


def _plain_name(name: str) -> str:
    """Return a name as it is compared: some servers turn dashes to underscores."""
    return name.strip().lower().replace("_", "-")
