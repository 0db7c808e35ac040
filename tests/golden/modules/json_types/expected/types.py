"""Types that the author of the queries vouches for; not generated."""

from typing import TypedDict


class Meta(TypedDict):
    """Who wrote a document."""

    author: str


class Body(TypedDict):
    """What is in a document."""

    title: str
    tags: list[str]
