# Derived by scripts/async_to_sync.py from __init__.py; do not edit.
"""Version control for JSON documents: bases, chains of patches, tags and compaction."""

from datalayer.domains.artifacts.canonical import content_id, parse_json, to_canonical
from datalayer.domains.artifacts.compaction import compact, migrate_tag
from datalayer.domains.artifacts.documents import materialise, materialise_at
from datalayer.domains.artifacts.garbage import collect_garbage
from datalayer.domains.artifacts.results import (
    DEFAULT_MAX_DEPTH,
    GarbageReport,
    Revision,
)
from datalayer.domains.artifacts.tags import (
    create_tag,
    delete_tag,
    move_tag,
    redo_tag,
    undo_tag,
)
from datalayer.domains.artifacts.workflows import create_patch, create_workflow

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
