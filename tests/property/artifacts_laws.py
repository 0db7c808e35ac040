"""The laws of the artifacts domain, checked on what a database holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from datalayer.domains import artifacts
from datalayer.queries.artifacts.artifact import get_artifact
from datalayer.queries.artifacts.patch_chain import get_patch_chain, walk_patch_chain
from datalayer.queries.artifacts.tag import list_tag_moves, list_tags

if TYPE_CHECKING:
    from uuid import UUID

    from artifacts_model import Json, Model
    from psycopg import Connection

_TABLES = (
    "cas_blob, artifact, patch_chain_member, tag, tag_move, run, "
    "run_snapshot_index, run_artifact"
)


def empty_tables(connection: Connection[Any]) -> None:
    """Forget everything, faster than a new database."""
    connection.execute(f"TRUNCATE {_TABLES}")


def canonical(document: Json) -> bytes:
    return artifacts.to_canonical(document)


def check_chains(connection: Connection[Any]) -> None:
    """Laws 1 to 5 for every chain in the database."""
    kinds = dict(
        connection.execute("SELECT artifact_id, kind FROM artifact").fetchall()
    )
    patches = connection.execute(
        "SELECT artifact_id, parent_id, base_version, depth FROM artifact"
        " WHERE kind = 'patch_set'"
    ).fetchall()
    stored: dict[UUID, list[tuple[int, UUID]]] = {}
    for head, seq, member in connection.execute(
        "SELECT head_id, seq, member_id FROM patch_chain_member ORDER BY head_id, seq"
    ):
        stored.setdefault(head, []).append((seq, member))
    bases = {patch[0]: patch[2] for patch in patches}
    for head, parent, base, depth in patches:
        chain = stored.get(head, [])
        members = [member for _, member in chain]
        assert [seq for seq, _ in chain] == list(range(1, len(chain) + 1)), "law 1: seq"
        assert members[-1:] == [head], "law 1: the last member is the head"
        assert len(set(members)) == len(members), "law 1: members are unique"
        assert depth == len(chain), "law 2: the depth is the length"
        prefix = [member for _, member in stored[parent]] if parent else []
        assert members == [*prefix, head], "law 3: the chain of the parent and the head"
        assert {bases[member] for member in members} == {base}, "law 4: one base"
        assert kinds[base] == "dag_version", "law 4: the base is a base"
    assert set(stored) <= set(bases), "only patches have chains"


def check_contents(connection: Connection[Any]) -> None:
    """Law 12 for every blob in the database."""
    for cas_id, content in connection.execute("SELECT cas_id, content FROM cas_blob"):
        assert cas_id == f"sha256:{hashlib.sha256(content).hexdigest()}", "law 12"


def check_document(connection: Connection[Any], model: Model, head_id: UUID) -> None:
    """A head reads as the model has it, from the closure and from the parents."""
    found = artifacts.materialise(connection, head_id=head_id)
    expected = canonical(model.nodes[head_id].document)
    assert canonical(found) == expected, "law 13: the document"
    chain = [row.artifact_id for row in get_patch_chain(connection, head_id=head_id)]
    assert chain == model.chain(head_id), "law 13: the chain"
    walked = walk_patch_chain(connection, head_id=head_id)
    assert [row.artifact_id for row in walked] == chain, "law 3: from parent to parent"


def check_tags(connection: Connection[Any], model: Model, users: list[str]) -> None:
    """Tags and their reflogs are what the model has."""
    found = {
        (tag.username, tag.tag_name): (tag.target_id, tag.version)
        for user in users
        for tag in list_tags(connection, username=user)
    }
    expected = {key: (tag.target_id, tag.version) for key, tag in model.tags.items()}
    assert found == expected, "law 13: the tags"
    for (user, name), entries in model.log.items():
        moves = list_tag_moves(
            connection, username=user, tag_name=name, row_limit=10_000
        )
        assert [(move.action, move.from_id, move.to_id) for move in moves[::-1]] == [
            (entry.action, entry.from_id, entry.to_id) for entry in entries
        ], "law 13: the reflog"


def check_everything(
    connection: Connection[Any], model: Model, users: list[str]
) -> None:
    """Every law that holds between two calls, for all that is stored."""
    check_tags(connection, model, users)
    check_chains(connection)
    check_contents(connection)
    stored = {row[0] for row in connection.execute("SELECT artifact_id FROM artifact")}
    assert stored == set(model.nodes), "law 11: what is stored is what the model has"
    for head_id in model.nodes:
        check_document(connection, model, head_id)
        found = get_artifact(connection, artifact_id=head_id)
        assert found is not None
        digest = hashlib.sha256(canonical(model.nodes[head_id].document)).hexdigest()
        assert found.version_hash == f"sha256:{digest}", "the hash is the document's"
