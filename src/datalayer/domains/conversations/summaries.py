"""How a conversation that goes on after a summary says so.

A client whose conversation has become too long lets the model summarise it, and begins
a new one whose first message says that it is continued, holds the summary, and may end
in instructions. The summary is the text of an earlier response, in which it stands
between tags that the client may have replaced by headings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalayer.domains.conversations.hashing import normal_text
from datalayer.domains.conversations.messages import (
    member_of,
    messages_of,
    role_of,
    texts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.runtime import JsonInput

#: How the first message of a continued conversation begins, in any case.
_OPENING = "this session is being continued from a previous conversation"

#: What may stand between the opening and the summary, on the line of the opening.
_INTRODUCTION = re.compile(r"[^\n]{0,300}?summari[sz]ed below[:.]?|[^\n.]*\.?")

#: What a client adds behind the summary, at the beginning of a line.
_ENDINGS = (
    "Please continue the conversation from where we left",
    "Continue the conversation from where it left off",
    "If you need specific details from before compaction",
    "Recent messages are preserved verbatim",
)

#: Headings that stand for the tags of a response.
_HEADINGS = re.compile(r"Analysis:\n(.*?)\n+Summary:\n(.*)", re.DOTALL)
_HEADING = re.compile(r"Summary:\n(.*)", re.DOTALL)


def summaries_of(body: JsonInput) -> tuple[str, ...]:
    """Return the texts that the response which this request continues may have.

    None when its first message does not say that it continues anything. The most
    likely one comes first, and there are at most six.
    """
    messages = messages_of(body)
    if not messages or role_of(messages[0]) != "user":
        return ()
    for text in texts_of(member_of(messages[0], "content")):
        normal = normal_text(text)
        if normal.lower().startswith(_OPENING):
            return tuple(dict.fromkeys(_candidates(normal[len(_OPENING) :])))
    return ()


def _candidates(text: str) -> Iterator[str]:
    introduction = _INTRODUCTION.match(text)
    rest = text[introduction.end() if introduction else 0 :].strip()
    without_ending = rest
    for ending in _ENDINGS:
        without_ending = without_ending.partition("\n" + ending)[0].strip()
    for summary in (without_ending, rest):
        if summary:
            yield summary
            yield from _with_tags(summary)


def _with_tags(summary: str) -> Iterator[str]:
    both = _HEADINGS.fullmatch(summary)
    if both:
        yield (
            f"<analysis>\n{both[1].strip()}\n</analysis>\n\n"
            f"<summary>\n{both[2].strip()}\n</summary>"
        )
    alone = _HEADING.fullmatch(summary)
    if alone:
        yield f"<summary>\n{alone[1].strip()}\n</summary>"
