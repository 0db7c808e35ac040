# twin: ../__init__.py
"""Requests, conversations, token usage, analyses, trains, keys and credentials."""

from datalayer.domains.conversations.aio.analyses import (
    claim_analysis,
    complete_analysis,
    create_analysis,
    fail_analysis,
    find_analysis,
    regenerate_analysis,
    reset_stuck_analyses,
)
from datalayer.domains.conversations.aio.api_keys import (
    create_api_key,
    delete_api_key,
    find_api_key,
    revoke_api_key,
    verify_api_key,
)
from datalayer.domains.conversations.aio.credentials import (
    create_credential,
    delete_credential,
    find_credential,
    find_train_credential,
    list_failover_accounts,
    update_credential,
    update_tokens,
)
from datalayer.domains.conversations.aio.isolation import (
    as_train,
    disable_train_isolation,
    enable_train_isolation,
)
from datalayer.domains.conversations.aio.linking import (
    link_request,
    link_requests,
    link_response,
    move_requests,
)
from datalayer.domains.conversations.aio.members import (
    add_member,
    change_role,
    find_member,
    remove_member,
)
from datalayer.domains.conversations.aio.rotation import (
    rotate_credentials,
)
from datalayer.domains.conversations.aio.trains import (
    create_train,
    delete_train,
    find_slack_webhook,
    find_train,
    link_account,
    unlink_account,
    update_train,
)
from datalayer.domains.conversations.aio.usage import (
    get_usage,
    list_daily_usage,
    list_sliding_usage,
    list_usage,
)
from datalayer.domains.conversations.credential_keys import (
    CredentialKeys,
    create_credential_key,
    read_credential_keys,
)
from datalayer.domains.conversations.key_material import (
    NewApiKey,
)
from datalayer.domains.conversations.links import (
    Link,
    Linked,
    NewRequest,
)
from datalayer.domains.conversations.slack import (
    SlackSettings,
)
from datalayer.domains.conversations.tokens import (
    Credential,
    RotationReport,
)
from datalayer.queries.aio.conversations.analysis import (
    count_analyses,
    count_train_analyses,
    list_analyses,
    list_train_analyses,
)
from datalayer.queries.aio.conversations.analysis_audit import (
    list_analysis_events,
    list_conversation_analysis_events,
    list_train_analysis_events,
)
from datalayer.queries.aio.conversations.api_key import (
    list_api_keys,
)
from datalayer.queries.aio.conversations.credential import (
    list_accounts,
    list_train_accounts,
)
from datalayer.queries.aio.conversations.isolation import list_isolated_tables
from datalayer.queries.aio.conversations.member import (
    list_members,
    list_memberships,
)
from datalayer.queries.aio.conversations.train import (
    list_trains,
)

__all__ = [
    "Credential",
    "CredentialKeys",
    "Link",
    "Linked",
    "NewApiKey",
    "NewRequest",
    "RotationReport",
    "SlackSettings",
    "add_member",
    "as_train",
    "change_role",
    "claim_analysis",
    "complete_analysis",
    "count_analyses",
    "count_train_analyses",
    "create_analysis",
    "create_api_key",
    "create_credential",
    "create_credential_key",
    "create_train",
    "delete_api_key",
    "delete_credential",
    "delete_train",
    "disable_train_isolation",
    "enable_train_isolation",
    "fail_analysis",
    "find_analysis",
    "find_api_key",
    "find_credential",
    "find_member",
    "find_slack_webhook",
    "find_train",
    "find_train_credential",
    "get_usage",
    "link_account",
    "link_request",
    "link_requests",
    "link_response",
    "list_accounts",
    "list_analyses",
    "list_analysis_events",
    "list_api_keys",
    "list_conversation_analysis_events",
    "list_daily_usage",
    "list_failover_accounts",
    "list_isolated_tables",
    "list_members",
    "list_memberships",
    "list_sliding_usage",
    "list_train_accounts",
    "list_train_analyses",
    "list_train_analysis_events",
    "list_trains",
    "list_usage",
    "move_requests",
    "read_credential_keys",
    "regenerate_analysis",
    "remove_member",
    "reset_stuck_analyses",
    "revoke_api_key",
    "rotate_credentials",
    "unlink_account",
    "update_credential",
    "update_tokens",
    "update_train",
    "verify_api_key",
]
