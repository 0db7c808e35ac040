"""Imports of files: what is stored, where they go on, and what keeps nothing back."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from datalayer.domains.conversations.errors import ImportFileUnreadable
from datalayer.domains.conversations.importing import (
    BadLine,
    ImportOptions,
    ImportProgress,
    Listener,
    check_file,
    import_file,
)
from datalayer.domains.errors import InvalidArgument
from traffic_lines import fingerprint, line, lines_of_conversations, says

LINES = lines_of_conversations(seed=1, number=40)
RED = ImportOptions(train_id="red", batch_size=7)
HELLO = [says("user", "hello")]
HI = says("assistant", "hi")

Import = Callable[..., ImportProgress]


@pytest.fixture
def session(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "proxy.jsonl"


def write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(each + b"\n" for each in lines))


def counts(progress: ImportProgress) -> tuple[int, int, int]:
    return progress.stored, progress.known, progress.bad


def requests(session: psycopg.Connection) -> int:
    row = session.execute("SELECT count(*) FROM api_requests").fetchone()
    assert row
    return int(row[0])


def test_lines_become_linked_requests(session: psycopg.Connection, file: Path) -> None:
    write(file, LINES)

    done = import_file(session, path=file, options=RED)

    assert counts(done) == (40, 0, 0)
    assert done.bytes_read == done.size == file.stat().st_size
    row = session.execute(
        "SELECT count(DISTINCT conversation_id) > 1, count(parent_request_id) > 5,"
        " bool_or(is_subtask), bool_or(branch_id LIKE 'branch%'), min(train_id)"
        " FROM api_requests"
    ).fetchone()
    assert row == (True, True, True, True, "red")


def test_grown_file_goes_on_where_it_ended(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, LINES[:25])
    first = import_file(session, path=file, options=RED)
    write(file, LINES)

    second = import_file(session, path=file, options=RED)
    third = import_file(session, path=file, options=RED)

    assert (counts(first), first.resumed_at) == ((25, 0, 0), 0)
    assert (counts(second), second.resumed_at) == ((15, 0, 0), 25)
    assert (counts(third), third.resumed_at) == ((0, 0, 0), 40)


def test_half_a_line_waits_for_its_rest(
    session: psycopg.Connection, file: Path
) -> None:
    whole = b"\n".join(LINES[:4]) + b"\n"
    file.write_bytes(whole[:-30])
    first = import_file(session, path=file, options=RED)
    again = import_file(session, path=file, options=RED)
    file.write_bytes(whole)

    second = import_file(session, path=file, options=RED)

    assert (counts(first), counts(again)) == ((3, 0, 1), (0, 0, 1))
    assert (counts(second), second.resumed_at) == ((1, 0, 0), 3)


def test_last_line_may_lack_its_end(session: psycopg.Connection, file: Path) -> None:
    file.write_bytes(b"\n".join(LINES[:4]))
    first = import_file(session, path=file, options=RED)
    write(file, LINES[:6])

    second = import_file(session, path=file, options=RED)

    assert (counts(first), counts(second)) == ((4, 0, 0), (2, 0, 0))


def test_first_line_may_come_in_parts(session: psycopg.Connection, file: Path) -> None:
    file.write_bytes(LINES[0][:50])
    first = import_file(session, path=file, options=RED)
    write(file, LINES[:2])

    second = import_file(session, path=file, options=RED)

    assert (counts(first), counts(second)) == ((0, 0, 1), (2, 0, 0))


def test_restart_and_another_name_store_nothing_twice(
    session: psycopg.Connection, file: Path, tmp_path: Path
) -> None:
    write(file, LINES)
    import_file(session, path=file, options=RED)
    before = fingerprint(session)
    other = file.rename(tmp_path / "proxy.jsonl.1")

    renamed = import_file(session, path=other, options=RED)
    restarted = import_file(
        session, path=other, options=ImportOptions(train_id="red", restart=True)
    )

    assert (counts(renamed), counts(restarted)) == ((0, 40, 0), (0, 40, 0))
    assert fingerprint(session) == before


def test_line_that_is_there_twice_is_stored_once(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, [LINES[0], LINES[1], LINES[0], *LINES[:9]])

    done = import_file(session, path=file, options=RED)

    assert counts(done) == (9, 3, 0)
    assert requests(session) == 9


def test_log_that_was_begun_anew_is_read_from_its_beginning(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, LINES[:20])
    import_file(session, path=file, options=RED)
    write(file, [LINES[0], *LINES[20:]])

    longer = import_file(session, path=file, options=RED)
    write(file, LINES[:1])
    shorter = import_file(session, path=file, options=RED)

    assert (counts(longer), longer.resumed_at) == ((20, 1, 0), 0)
    assert (counts(shorter), shorter.resumed_at) == ((0, 1, 0), 0)


def test_trains_have_their_own_requests(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, LINES[:5])
    import_file(session, path=file, options=RED)

    done = import_file(session, path=file, options=ImportOptions(train_id="blue"))

    assert counts(done) == (5, 0, 0)


def test_compressed_file_goes_on_where_the_plain_one_ended(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, LINES[:20])
    import_file(session, path=file, options=RED)
    compressed = file.with_name("proxy.jsonl.gz")
    compressed.write_bytes(
        gzip.compress(b"\n".join(LINES[:30]) + b"\n")
        + gzip.compress(b"\n".join(LINES[30:]))
    )

    done = import_file(session, path=compressed, options=RED)

    assert (counts(done), done.resumed_at) == ((20, 0, 0), 20)
    assert done.size == compressed.stat().st_size


def test_broken_compressed_file_keeps_the_batches_before(
    session: psycopg.Connection, file: Path
) -> None:
    content = gzip.compress(b"".join(each + b"\n" for each in LINES))
    file.write_bytes(content[:-400])

    with pytest.raises(ImportFileUnreadable):
        import_file(session, path=file, options=RED)
    before = requests(session)
    file.write_bytes(content)
    done = import_file(session, path=file, options=RED)

    assert before % 7 == 0
    assert done.resumed_at == before
    assert requests(session) == 40


def test_file_that_cannot_be_read_is_an_error(
    session: psycopg.Connection, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(ImportFileUnreadable) as caught:
            import_file(session, path=path, options=RED)

        assert caught.value.path == str(path)


def test_standard_input_is_read_to_its_end(
    session: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"\n".join(LINES[:9])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    done = import_file(session, path=Path("-"), options=RED)

    assert (counts(done), done.size, done.bytes_read) == ((9, 0, 0), None, None)


def test_bad_lines_are_told_and_the_others_stored(
    session: psycopg.Connection, file: Path
) -> None:
    write(file, [LINES[0], b"{", LINES[1], b"[]", b"", LINES[2]])
    told: list[tuple[str, BadLine]] = []
    listener = Listener(bad_line=lambda path, bad: told.append((path, bad)))

    done = import_file(session, path=file, options=RED, listener=listener)

    assert counts(done) == (3, 0, 2)
    assert [(path, bad.number) for path, bad in told] == [
        (str(file), 2),
        (str(file), 4),
    ]
    row = session.execute("SELECT stored_requests, bad_lines FROM conversation_imports")
    assert row.fetchone() == (3, 2)


def test_what_postgresql_refuses_is_a_bad_line(
    session: psycopg.Connection, file: Path
) -> None:
    session.execute(
        "ALTER TABLE api_requests ADD CONSTRAINT odd CHECK (duration_ms % 2 = 1)"
    )
    write(
        file,
        [
            line(number, HELLO, HI, duration_ms=0 if number in (3, 4, 11) else 1)
            for number in range(20)
        ],
    )
    told: list[BadLine] = []
    listener = Listener(bad_line=lambda _path, bad: told.append(bad))

    done = import_file(session, path=file, options=RED, listener=listener)

    assert counts(done) == (17, 0, 3)
    assert [bad.number for bad in told] == [4, 5, 12]
    assert told[0].reason.startswith("PostgreSQL refuses it: new row for relation")
    assert "hello" not in told[0].reason


def test_dry_run_stores_nothing(file: Path) -> None:
    write(file, [*LINES, b"{"])

    done = check_file(path=file, options=RED)

    assert counts(done) == (40, 0, 1)


def test_keys_reach_no_column(session: psycopg.Connection, file: Path) -> None:
    key = "sk-ant-0123456789-0123456789-abcdef"
    headers = {"x-api-key": key, "Authorization": f"Bearer {key}", "Cookie": key}
    write(file, [line(0, HELLO, HI, headers=headers, url=f"https://a.b/v1?key={key}")])

    import_file(session, path=file, options=RED)

    row = session.execute("SELECT api_requests::text FROM api_requests").fetchone()
    assert row
    assert "0123456789" not in row[0]
    assert "***abcdef" in row[0]


def test_open_transaction_is_refused(database_url: str, file: Path) -> None:
    write(file, LINES[:1])
    with psycopg.connect(database_url) as session:
        session.execute("SELECT 1")

        with pytest.raises(InvalidArgument):
            import_file(session, path=file, options=RED)


@pytest.mark.parametrize("size", ["batch_size", "longest_line"])
def test_sizes_are_positive(size: str) -> None:
    with pytest.raises(InvalidArgument):
        ImportOptions(**{size: 0})  # type: ignore[arg-type]  # one of two names
