# twin: ../__init__.py
"""Version control for JSON documents: bases, chains of patches, tags and compaction."""

from datalayer.domains.artifacts.aio.compaction import compact, migrate_tag
from datalayer.domains.artifacts.aio.documents import materialise, materialise_at
from datalayer.domains.artifacts.aio.garbage import collect_garbage
from datalayer.domains.artifacts.aio.tags import (
    create_tag,
    delete_tag,
    move_tag,
    redo_tag,
    undo_tag,
)
from datalayer.domains.artifacts.aio.workflows import create_patch, create_workflow
from datalayer.domains.artifacts.canonical import content_id, parse_json, to_canonical
from datalayer.domains.artifacts.results import (
    DEFAULT_MAX_DEPTH,
    GarbageReport,
    Revision,
)

__all__ = [
    "DEFAULT_MAX_DEPTH",
    "GarbageReport",
    "Revision",
    "collect_garbage",
    "compact",
    "content_id",
    "create_patch",
    "create_tag",
    "create_workflow",
    "delete_tag",
    "materialise",
    "materialise_at",
    "migrate_tag",
    "move_tag",
    "parse_json",
    "redo_tag",
    "to_canonical",
    "undo_tag",
]
