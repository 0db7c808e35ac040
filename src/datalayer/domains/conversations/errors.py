"""One class for each thing that can go wrong with conversations and their teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.errors import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

#: The variable that holds the keys of credentials.
CREDENTIAL_KEYS_VARIABLE = "DATALAYER_CREDENTIAL_KEYS"

#: How many bad chunks a message names.
_SHOWN = 10


class TrainNotFound(DataLayerError):
    """No train has that id; create it first, or correct the spelling."""

    def __init__(self, train_id: str) -> None:
        """Keep the id."""
        super().__init__(f"no train `{train_id}`")
        self.train_id = train_id


class TrainExists(DataLayerError):
    """There is a train of that id; choose another one, or update that train.

    Nothing has changed.
    """

    def __init__(self, train_id: str) -> None:
        """Keep the id."""
        super().__init__(f"train `{train_id}` exists already")
        self.train_id = train_id


class MemberNotFound(DataLayerError):
    """The train has no member of that address; case does not matter."""

    def __init__(self, train_id: str, email: str) -> None:
        """Keep the train and the address."""
        super().__init__(f"train `{train_id}` has no member `{email}`")
        self.train_id = train_id
        self.email = email


class MemberExists(DataLayerError):
    """The address is a member of the train; change its role instead of adding it.

    Nothing has changed.
    """

    def __init__(self, train_id: str, email: str) -> None:
        """Keep the train and the address."""
        super().__init__(f"`{email}` is a member of train `{train_id}` already")
        self.train_id = train_id
        self.email = email


class LastOwner(DataLayerError):
    """A train has at least one owner; make somebody else an owner first.

    Nothing has changed.
    """

    def __init__(self, train_id: str, email: str) -> None:
        """Keep the train and the address of its only owner."""
        super().__init__(
            f"`{email}` is the last owner of train `{train_id}`",
            help="make another member an owner first, or delete the train",
        )
        self.train_id = train_id
        self.email = email


class ApiKeyNotFound(DataLayerError):
    """No key of the train has that id: it was never created, or has been deleted."""

    def __init__(self, train_id: str, key_id: int) -> None:
        """Keep the train and the id, which is no secret."""
        super().__init__(f"train `{train_id}` has no key {key_id}")
        self.train_id = train_id
        self.key_id = key_id


class CredentialNotFound(DataLayerError):
    """No credential has that account id; create it first, or correct the spelling."""

    def __init__(self, account_id: str) -> None:
        """Keep the account."""
        super().__init__(f"no credential of account `{account_id}`")
        self.account_id = account_id


class CredentialExists(DataLayerError):
    """The account, or its name, has a credential; update that, or choose another name.

    Nothing has changed.
    """

    def __init__(self, account_id: str, account_name: str) -> None:
        """Keep the account and its name."""
        super().__init__(
            f"there is a credential of account `{account_id}`, or one that is called "
            f"`{account_name}`"
        )
        self.account_id = account_id
        self.account_name = account_name


class CredentialKeysMissing(DataLayerError):
    """No key to encrypt tokens with; set the variable that the message names."""

    def __init__(self) -> None:
        """Say where a key comes from."""
        super().__init__(
            f"`{CREDENTIAL_KEYS_VARIABLE}` is not set, so tokens can be neither "
            "encrypted nor read",
            help="set it to the key that the tokens were encrypted with, or the first "
            "time to a new one: `openssl rand -base64 32 | tr +/ -_` prints one",
        )


class CredentialKeyMalformed(DataLayerError):
    """A key of credentials is none; correct it at the place that the message names.

    The message does not show it, because a key with a typing error is nearly a key.
    """

    def __init__(self, place: int, count: int) -> None:
        """Keep the place of the key, from 1, and how many there are."""
        super().__init__(
            f"key {place} of {count} in `{CREDENTIAL_KEYS_VARIABLE}` is not the "
            "URL-safe base64 of 32 bytes",
            help="copy it whole, with the `=` at its end; commas go between keys",
        )
        self.place = place
        self.count = count


class CredentialKeyWrong(DataLayerError):
    """No key at hand opens the secret; add the one that it was encrypted with.

    Without that key nobody can: then log the account in again, and store new tokens.
    """

    def __init__(self, secret: str, count: int) -> None:
        """Keep what cannot be opened, and how many keys were tried."""
        tried = "the key" if count == 1 else f"none of the {count} keys"
        opens = "does not open" if count == 1 else "opens"
        super().__init__(
            f"{tried} in `{CREDENTIAL_KEYS_VARIABLE}` {opens} {secret}",
            help="add the key that it was encrypted with behind the others, or store "
            "it anew",
        )
        self.secret = secret
        self.count = count


class CryptographyMissing(DataLayerError):
    """Tokens are encrypted by a package that is not installed; install the extra."""

    def __init__(self) -> None:
        """Name the package and the extra."""
        super().__init__(
            "encrypting and reading tokens needs the package `cryptography`",
            help="pip install 'datalayer[conversations]'",
        )


class NotIsolated(DataLayerError):
    """Policies do not bind the role, so nothing would be confined; isolate the role.

    Nothing was done: an owner of the tables or a superuser sees every train.
    """

    def __init__(self, train_id: str, role: str | None) -> None:
        """Keep the train, and the role that was given."""
        who = "the role of this connection" if role is None else f"role `{role}`"
        super().__init__(
            f"{who} is not isolated, and would see more than train `{train_id}`",
            help="run `datalayer conversations isolation on ROLE`, and name that role",
        )
        self.train_id = train_id
        self.role = role


class TransactionOpen(DataLayerError):
    """A train is entered for a whole transaction; commit or roll back the open one.

    The end of the part would not be the end of the confinement.
    """

    def __init__(self, train_id: str) -> None:
        """Keep the train."""
        super().__init__(
            f"the connection is in a transaction, where train `{train_id}` cannot be "
            "entered",
            help="commit or roll back first; in autocommit mode none is left open",
        )
        self.train_id = train_id


class IsolationRefused(DataLayerError):
    """The role or the tables do not allow isolation; do what the help says.

    Nothing has changed.
    """


class ImportFileUnreadable(DataLayerError):
    """A file to import from cannot be read, or not to its end; the message says why.

    What came before is stored. When the file is whole again, import it again: that goes
    on where it ended.
    """

    def __init__(self, path: str, reason: str) -> None:
        """Keep the file and the reason."""
        super().__init__(f"`{path}` cannot be read: {reason}")
        self.path = path
        self.reason = reason


class BranchNotFound(DataLayerError):
    """No request is of that branch; take both names from a request.

    A conversation that was never stored, or whose requests are gone, has none.
    """

    def __init__(self, conversation_id: UUID, branch_id: str) -> None:
        """Keep the conversation and the branch."""
        super().__init__(
            f"conversation {conversation_id} has no branch `{branch_id}` with a request"
        )
        self.conversation_id = conversation_id
        self.branch_id = branch_id


class AnalysisNotFound(DataLayerError):
    """Nobody asked for the analysis of that branch; create it first."""

    def __init__(self, conversation_id: UUID, branch_id: str) -> None:
        """Keep the conversation and the branch."""
        super().__init__(
            f"branch `{branch_id}` of conversation {conversation_id} has no analysis"
        )
        self.conversation_id = conversation_id
        self.branch_id = branch_id


class AnalysisAttemptLost(DataLayerError):
    """The attempt is not the current one; leave the analysis to whoever has it by now.

    Its lease ended and the analysis was taken back, somebody asked for it anew, or the
    attempt was ended before. Nothing has changed.
    """

    def __init__(self, analysis_id: int, attempt_token: int) -> None:
        """Keep the analysis and the token."""
        super().__init__(
            f"analysis {analysis_id} is no longer in attempt {attempt_token}"
        )
        self.analysis_id = analysis_id
        self.attempt_token = attempt_token


class LinkingNotSerialised(DataLayerError):
    """Two that link at the same time would not see each other; use READ COMMITTED.

    Nothing has changed.
    """

    def __init__(self, place: str) -> None:
        """Keep where the call was."""
        super().__init__(
            f"requests are linked {place}, where what others link is not seen",
            help="link and store requests in one transaction at READ COMMITTED",
        )
        self.place = place


class ConversationsUnusable(DataLayerError):
    """The database lacks the tables of conversations, or refused what it was asked.

    Apply the migrations, or do what the message and the help say.
    """


class ConversationNotFound(DataLayerError):
    """No conversation has that id, and no request of one; look it up in the list.

    A request without messages belongs to no conversation.
    """

    def __init__(self, id: UUID) -> None:
        """Keep the id."""
        super().__init__(
            f"no conversation `{id}`, and no request of one",
            help="`datalayer conversations list` shows those of a train",
        )
        self.id = id


class RequestNotFound(DataLayerError):
    """No request has that id: store it before its response and its chunks.

    Nothing has changed.
    """

    def __init__(self, request_id: UUID) -> None:
        """Keep the id."""
        super().__init__(
            f"no request `{request_id}`",
            help="store the request before its response and its chunks",
        )
        self.request_id = request_id


class InvalidChunks(DataLayerError):
    """Some chunks cannot be stored; correct those whose positions the message names.

    Nothing was sent to the server.
    """

    def __init__(self, problems: Sequence[tuple[int, str]]) -> None:
        """Keep the positions, from 0, in what was given, and what is wrong at each."""
        shown = [f"at {position}: {reason}" for position, reason in problems[:_SHOWN]]
        more = len(problems) - len(shown)
        if more > 0:
            shown.append(f"and {more} more")
        count = "a chunk" if len(problems) == 1 else f"{len(problems)} chunks"
        super().__init__(f"{count} cannot be stored\n  " + "\n  ".join(shown))
        self.problems = tuple(problems)
