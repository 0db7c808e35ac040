"""Reads that find the place of a new request."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.conversations_samples import (
    Connection,
    Read,
    Samples,
    message_hash,
    request_id,
)
from benchmarks.conversations_traffic import make_exchanges
from datalayer.domains.conversations import store_request
from datalayer.queries.conversations import linking, request

#: What is near a request is little; the index of summaries has a list of new ones that
#: is read as a whole.
_AT_MOST = 1_000


def list_link_reads(samples: Samples) -> Iterator[Read]:
    """Return searches for parents, children, calls of tasks, and summaries."""
    for title, question in (
        ("parents", "before"),
        ("children that came earlier", "after"),
    ):
        yield Read(
            f"linking: {title} of a request",
            lambda connection, call, question=question: _relatives(  # type: ignore[misc]
                connection, samples, question, call
            ),
            at_most=_AT_MOST,
        )
    yield Read(
        "linking: all questions about a request at once",
        lambda connection, call: _relatives(
            connection, samples, "before after task beside", call
        ),
        at_most=_AT_MOST,
    )
    for title, question in (("call of a task", "prompt"), ("summary", "summary")):
        yield Read(
            f"linking: a request's {title}, there",
            lambda connection, call, question=question: _origins(  # type: ignore[misc]
                connection, samples, question, call
            ),
            at_most=_AT_MOST,
        )
        yield Read(
            f"linking: a request's {title}, nowhere",
            lambda connection, call, question=question: _search(  # type: ignore[misc]
                connection, samples, question, samples.large_train, f"nothing {call}"
            ),
            at_most=_AT_MOST,
        )
    exchanges = make_exchanges(samples.large_train)
    yield Read(
        "linking: a new request with all its questions, stored",
        lambda connection, _: store_request(
            connection, request=next(exchanges).request
        ),
        at_most=_AT_MOST,
        changes=True,
    )


def _relatives(
    connection: Connection, samples: Samples, questions: str, call: int
) -> object:
    about = questions.split()
    number = samples.longest[call % len(samples.longest)]
    found = request.get_request(connection, request_id=request_id(number, 20))
    assert found is not None
    return linking.list_relatives(
        connection,
        questions=about,
        train_ids=[found.train_id] * len(about),
        message_hashes=[message_hash(number, 20)] * len(about),
        timestamps=[found.timestamp] * len(about),
        are_contested=[True] * len(about),
    )


def _origins(
    connection: Connection, samples: Samples, question: str, call: int
) -> object:
    number = samples.with_tasks[call % len(samples.with_tasks)]
    found = request.get_request(connection, request_id=request_id(number, 5))
    assert found is not None
    assert isinstance(found.response_body, dict)
    content = found.response_body["content"]
    text = f"Find out about {number} 6"
    if question == "summary":
        assert isinstance(content, list)
        assert isinstance(content[0], dict)
        text = str(content[0]["text"])
    return _search(connection, samples, question, found.train_id, text)


def _search(
    connection: Connection, samples: Samples, question: str, train_id: str, text: str
) -> object:
    return linking.list_origins(
        connection,
        questions=[question],
        train_ids=[train_id],
        texts=[text],
        timestamps=[samples.until],
    )
