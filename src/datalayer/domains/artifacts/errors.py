"""One class for each thing that can go wrong with documents, tags and chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from uuid import UUID


class ArtifactNotFound(DataLayerError):
    """No artifact has that id: never stored, or removed by garbage collection."""

    def __init__(self, artifact_id: UUID) -> None:
        """Keep the id."""
        super().__init__(f"no artifact `{artifact_id}`")
        self.artifact_id = artifact_id


class NotADocument(DataLayerError):
    """The artifact is neither a base nor a patch; pass the id of one of these."""

    def __init__(self, artifact_id: UUID, kind: str) -> None:
        """Keep the id and its kind."""
        super().__init__(
            f"artifact `{artifact_id}` is a `{kind}`, not a document",
            help="a document is a `dag_version` or a `patch_set`",
        )
        self.artifact_id = artifact_id
        self.kind = kind


class NotAPatch(DataLayerError):
    """Only patches are compacted; a base is compact already, use it as it is."""

    def __init__(self, artifact_id: UUID) -> None:
        """Keep the id."""
        super().__init__(f"artifact `{artifact_id}` is a base, not a patch")
        self.artifact_id = artifact_id


class NotACompactedBase(DataLayerError):
    """A tag migrates only to what `compact` returned; pass the id of such a base."""

    def __init__(self, artifact_id: UUID) -> None:
        """Keep the id."""
        super().__init__(
            f"artifact `{artifact_id}` was not compacted from a patch",
            help="`compact` returns the base to migrate to",
        )
        self.artifact_id = artifact_id


class SeqOutOfRange(DataLayerError):
    """The chain has no such place; 0 is the base and the depth of the head its end."""

    def __init__(self, head_id: UUID, seq: int, depth: int) -> None:
        """Keep the head, the place and the depth."""
        super().__init__(f"seq {seq} of head `{head_id}` is not between 0 and {depth}")
        self.head_id = head_id
        self.seq = seq
        self.depth = depth


class ChainBroken(DataLayerError):
    """What is stored is no complete chain; restore `patch_chain_member` from a backup.

    `walk_patch_chain` shows what the chain should be.
    """

    def __init__(self, head_id: UUID, reason: str) -> None:
        """Keep the head and what is wrong."""
        super().__init__(f"the chain of head `{head_id}` is broken: {reason}")
        self.head_id = head_id


class ContentElsewhere(DataLayerError):
    """The content is not in the database; fetch it from its URL and store it here."""

    def __init__(self, cas_id: str, storage_url: str) -> None:
        """Keep the content's id and its place."""
        super().__init__(
            f"the content of `{cas_id}` is stored at {storage_url}, not here"
        )
        self.cas_id = cas_id
        self.storage_url = storage_url


class InvalidDocument(DataLayerError):
    """The value has no canonical JSON form; the message says where and why."""


class PatchFailed(DataLayerError):
    """A patch cannot be applied; correct the operation that the message names.

    Nothing has changed: neither the document nor the chain.
    """

    def __init__(self, index: int, reason: str) -> None:
        """Keep the position of the operation, from 0, and what is wrong."""
        super().__init__(f"operation {index} of the patch fails: {reason}")
        self.index = index
        self.reason = reason


class PatchLibraryMissing(DataLayerError):
    """The library that applies patches is missing; install the extra `artifacts`."""

    def __init__(self) -> None:
        """Say what to install."""
        super().__init__(
            "applying patches needs the package `jsonpatch`",
            help="pip install 'datalayer[artifacts]'",
        )


class DepthExceeded(DataLayerError):
    """The chain is as long as it may get; compact it and migrate the tag first."""

    def __init__(self, head_id: UUID, max_depth: int) -> None:
        """Keep the head and the limit."""
        super().__init__(
            f"head `{head_id}` is {max_depth} patches deep: compact first",
            help="`compact` the head, then `migrate_tag` to the base it returns",
        )
        self.head_id = head_id
        self.max_depth = max_depth


class TagError(DataLayerError):
    """Something is wrong with a tag; the classes below say what."""

    def __init__(
        self, username: str, tag_name: str, problem: str, *, help: str | None = None
    ) -> None:
        """Keep the tag and name it in the message."""
        super().__init__(f"tag `{username}/{tag_name}` {problem}", help=help)
        self.username = username
        self.tag_name = tag_name


class TagNotFound(TagError):
    """The user has no such tag; create it, or correct the name."""

    def __init__(self, username: str, tag_name: str) -> None:
        """Keep the tag."""
        super().__init__(username, tag_name, "does not exist")


class TagExists(TagError):
    """The user has such a tag already; choose another name, or move that tag."""

    def __init__(self, username: str, tag_name: str) -> None:
        """Keep the tag."""
        super().__init__(username, tag_name, "exists already")


class TagConflict(TagError):
    """Someone moved the tag first; read it again, and repeat what you did.

    Nothing that the refused call wrote is left behind.
    """

    def __init__(
        self, username: str, tag_name: str, *, expected: int, found: int | None
    ) -> None:
        """Keep the version that was expected and the one that was found."""
        now = "is gone" if found is None else f"is at version {found}"
        super().__init__(
            username,
            tag_name,
            f"{now}, not at version {expected}",
            help="read the tag again and repeat the change",
        )
        self.expected = expected
        self.found = found


class HeadMoved(TagError):
    """Patches arrived after the compaction; migrate with `rebase=True` to keep them."""

    def __init__(self, username: str, tag_name: str, newer: int) -> None:
        """Keep how many patches are newer than what was compacted."""
        super().__init__(
            username,
            tag_name,
            f"has patches newer than the compacted one: {newer}",
            help="pass `rebase=True` to take them along, or compact the new head",
        )
        self.newer = newer


class TagDiverged(TagError):
    """The tag does not descend from what was compacted; compact its own head."""

    def __init__(self, username: str, tag_name: str, patch_id: UUID) -> None:
        """Keep the patch that was compacted."""
        super().__init__(username, tag_name, f"does not contain patch `{patch_id}`")
        self.patch_id = patch_id


class NothingToUndo(TagError):
    """The tag stands where it was created; there is no step back."""

    def __init__(self, username: str, tag_name: str) -> None:
        """Keep the tag."""
        super().__init__(username, tag_name, "stands at its beginning")


class NothingToRedo(TagError):
    """Nothing was undone since the tag last moved; there is no step forward."""

    def __init__(self, username: str, tag_name: str) -> None:
        """Keep the tag."""
        super().__init__(username, tag_name, "stands at its newest move")


class TargetCollected(TagError):
    """Garbage collection removed where the tag was to go; keep a longer window."""

    def __init__(self, username: str, tag_name: str) -> None:
        """Keep the tag."""
        super().__init__(
            username,
            tag_name,
            "cannot go there: garbage collection removed that document",
            help="call `collect_garbage` with a larger `older_than` to undo further",
        )


class NegativeAge(DataLayerError):
    """`older_than` lies in the future; pass how old garbage must be, at least zero."""
