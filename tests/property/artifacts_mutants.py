"""Ways to get the artifacts domain wrong, each of which the suite must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations_mutant import changed_query

from datalayer.domains.artifacts import compaction, documents, patching, workflows
from datalayer.queries.artifacts import garbage, patch_chain, tag

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from uuid import UUID

    import pytest
    from artifacts_model import Json
    from psycopg import Connection

    from datalayer.domains.artifacts.results import Document

    Apply = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """A broken version, and what the suite says about it."""

    name: str
    apply: Apply
    #: A regular expression that matches the error.
    noticed_as: str


def _sql(module: ModuleType, constant: str, *changes: tuple[str, str]) -> Apply:
    """Change the text of a query everywhere a piece of it stands."""

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        query = getattr(module, constant)
        for change in changes:
            query = changed_query(query, *change)
        monkeypatch.setattr(module, constant, query)

    return apply


def _drop_last_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(connection: Connection[Any], *, head_id: UUID) -> Document:
        whole = documents.load_document(connection, head_id=head_id)
        return documents.load_document(
            connection, head_id=head_id, seq=max(0, whole.depth - 1)
        )

    monkeypatch.setattr(compaction, "load_document", load)


def _lose_newer_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_newer_patches", lambda *_: [])


def _apply_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def apply(document: Json, operations: list[Json]) -> Json:
        for operation in operations:
            try:
                document = patching.apply_patch(document, [operation])
            except Exception:
                break
        return document

    monkeypatch.setattr(workflows, "apply_patch", apply)


MUTANTS = (
    Mutant(
        "chain ordered by member",
        _sql(
            patch_chain,
            "LIST_DOCUMENT_PARTS",
            ("ORDER BY part.seq", "ORDER BY part.seq > 0, part.artifact_id"),
        ),
        "chain of head .* is broken",
    ),
    Mutant(
        "chain read ordered by member",
        _sql(
            patch_chain,
            "GET_PATCH_CHAIN",
            ("ORDER BY patch_chain_member.seq", "ORDER BY artifact.artifact_id"),
        ),
        "law 13",
    ),
    Mutant(
        "append without the chain of the parent",
        _sql(
            patch_chain,
            "APPEND_PATCH",
            ("ON patch.parent_id = inherited.head_id", "ON FALSE"),
        ),
        "chain of head .* is broken|law 1",
    ),
    Mutant(
        "append without the head",
        _sql(
            patch_chain,
            "APPEND_PATCH",
            (
                "    FROM patch\n    RETURNING member_id",
                "    FROM patch WHERE patch.depth < 2 RETURNING member_id",
            ),
        ),
        ".",
    ),
    Mutant("compaction drops the last patch", _drop_last_patch, "law 13"),
    Mutant(
        "tag moves without compare and swap",
        _sql(tag, "MOVE_TAG", ("WHERE current.version = ", "WHERE 0 <> ")),
        "DID NOT RAISE|law 13",
    ),
    Mutant(
        "tag moves leave no entry of their version",
        _sql(tag, "MOVE_TAG", ("version = tag.version + 1", "version = tag.version")),
        "law 13: the tags|assert",
    ),
    Mutant(
        "undo knows only the newest entry",
        _sql(
            tag,
            "UNDO_TAG_MOVE",
            (
                "ON current.position_id = standing.id",
                "ON standing.id = (SELECT max(id) FROM tag_move)",
            ),
        ),
        ".",
    ),
    Mutant(
        "redo survives a new move",
        _sql(
            tag,
            "REDO_TAG_MOVE",
            ("ON current.position_id = undone.returns_to_id", "ON TRUE"),
        ),
        "DID NOT RAISE|law 13",
    ),
    Mutant(
        "redo takes the oldest branch",
        _sql(
            tag, "REDO_TAG_MOVE", ("ORDER BY undone.id DESC", "ORDER BY undone.id ASC")
        ),
        "law 13",
    ),
    Mutant(
        "garbage collection ignores the reflog",
        _sql(garbage, "LIST_GARBAGE", ("tag_move.moved_at > ", "now() < ")),
        "law 11",
    ),
    Mutant(
        "garbage collection keeps the reflog for ever",
        _sql(garbage, "LIST_GARBAGE", ("tag_move.moved_at > ", "now() > ")),
        "law 11",
    ),
    Mutant(
        "garbage collection looks at one side of the reflog",
        _sql(
            garbage,
            "LIST_GARBAGE",
            ("tag_move.from_id = given.artifact_id", "FALSE"),
        ),
        "law 11",
    ),
    Mutant(
        "garbage collection ignores tags",
        _sql(garbage, "LIST_GARBAGE", ("tag.target_id = given.artifact_id", "FALSE")),
        "tag_target_id_fkey|law",
    ),
    Mutant(
        "garbage collection ignores runs",
        _sql(
            garbage,
            "LIST_GARBAGE",
            ("run_artifact.artifact_id = given.artifact_id", "FALSE"),
        ),
        "run_artifact_artifact_id_fkey|law",
    ),
    Mutant(
        "garbage collection ignores what was compacted",
        _sql(
            garbage,
            "LIST_GARBAGE",
            ("child.compacted_from_id = given.artifact_id", "FALSE"),
            ("given.compacted_from_id AS to_id", "NULL::uuid AS to_id"),
        ),
        "artifact_compacted_from_id_fkey|law",
    ),
    Mutant("migration loses newer patches", _lose_newer_patches, "law 9|law 13|RAISE"),
    Mutant("patches apply as far as they fit", _apply_what_fits, "DID NOT RAISE|law"),
)
