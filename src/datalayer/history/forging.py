"""Which roles could write a history that never happened."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from datalayer.history.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from psycopg import Connection

    from datalayer.history.live import LiveHistory

_MEMBERSHIP_HAS_OPTIONS = 160000
#: Who can act as whom. Before PostgreSQL 16 every member can take the role.
_ACTS_AS: dict[bool, LiteralString] = {
    False: "pg_has_role(login.oid, acting.oid, 'MEMBER')",
    True: "(pg_has_role(login.oid, acting.oid, 'USAGE') "
    "OR pg_has_role(login.oid, acting.oid, 'SET') "
    "OR pg_has_role(login.oid, acting.oid, 'MEMBER WITH ADMIN OPTION'))",
}
_RIGHTS = """
WITH RECURSIVE closed AS (
    SELECT %(history)s::oid AS oid
    UNION ALL
    SELECT pg_inherits.inhrelid
    FROM closed
    INNER JOIN pg_inherits ON closed.oid = pg_inherits.inhparent
),

relation AS (
    SELECT pg_class.oid, pg_class.oid::regclass::text AS name, pg_class.relowner
    FROM closed
    INNER JOIN pg_class ON closed.oid = pg_class.oid
),

sequence AS (
    SELECT pg_class.oid, pg_class.oid::regclass::text AS name
    FROM pg_depend
    INNER JOIN pg_class ON pg_depend.objid = pg_class.oid AND pg_class.relkind = 'S'
    WHERE
        pg_depend.refclassid = 'pg_class'::regclass
        AND pg_depend.refobjid = %(history)s
),

acting AS (
    SELECT login.rolname::text AS role, acting.oid, acting.rolname, acting.rolsuper
    FROM pg_roles AS login
    INNER JOIN pg_roles AS acting ON {acts_as}
    WHERE login.rolcanlogin AND NOT login.rolsuper
)

SELECT acting.role, 'become' AS "right", acting.rolname::text AS object
FROM acting
WHERE acting.rolsuper
UNION
SELECT acting.role, 'server', acting.rolname
FROM acting
WHERE acting.rolname IN ('pg_execute_server_program', 'pg_write_server_files')
UNION
SELECT role.rolname::text, 'grant', role.rolname
FROM pg_roles AS role
WHERE
    role.rolcreaterole
    AND role.rolcanlogin
    AND NOT role.rolsuper
    -- Since PostgreSQL 16 only membership in roles of one's own can be granted.
    AND current_setting('server_version_num')::integer < 160000
UNION
SELECT acting.role, 'own', relation.name
FROM acting
INNER JOIN relation ON acting.oid = relation.relowner
UNION
SELECT acting.role, 'own', pg_proc.oid::regprocedure::text
FROM acting
INNER JOIN pg_proc ON acting.oid = pg_proc.proowner
WHERE pg_proc.oid = %(function)s
UNION
SELECT acting.role, 'write', relation.name
FROM acting
CROSS JOIN relation
WHERE
    has_table_privilege(acting.oid, relation.oid, 'INSERT, UPDATE, DELETE')
    OR has_table_privilege(acting.oid, relation.oid, 'TRUNCATE, TRIGGER')
    OR has_any_column_privilege(acting.oid, relation.oid, 'INSERT, UPDATE')
UNION
SELECT acting.role, 'set', sequence.name
FROM acting
CROSS JOIN sequence
WHERE has_sequence_privilege(acting.oid, sequence.oid, 'USAGE, UPDATE')
UNION
SELECT acting.role, 'execute', (%(function)s::oid)::regprocedure::text
FROM acting
WHERE has_function_privilege(acting.oid, %(function)s::oid, 'EXECUTE')
UNION
SELECT acting.role, 'trigger', (%(table)s::oid)::regclass::text
FROM acting
WHERE has_table_privilege(acting.oid, %(table)s::oid, 'TRIGGER')
UNION
SELECT acting.role, 'owner', pg_class.oid::regclass::text
FROM acting
INNER JOIN pg_class ON acting.oid = pg_class.relowner
WHERE pg_class.oid = %(table)s
UNION
SELECT acting.role, 'create', pg_namespace.nspname
FROM acting
CROSS JOIN pg_namespace
WHERE
    pg_namespace.nspname = any(%(schemas)s)
    AND has_schema_privilege(acting.oid, pg_namespace.oid, 'CREATE')
"""
#: In the order in which one makes the next ones superfluous.
_MESSAGES = {
    "become": ("can become the superuser `{}`", "REVOKE {} FROM {role}"),
    "server": (
        "is in `{}`, and can write the files of the server",
        "REVOKE {} FROM {role}",
    ),
    "grant": (
        "can grant itself any role but superusers, by CREATEROLE",
        "ALTER ROLE {} NOCREATEROLE",
    ),
    "own": (
        "owns `{}`, or can become its owner",
        "let a role own it that nobody logs in as",
    ),
    "write": ("can write `{}`", "SELECT datalayer_close_history('{history}')"),
    "set": (
        "can set the sequence `{}`",
        "SELECT datalayer_close_history('{history}')",
    ),
    "execute": (
        "can hang `{}` on a table of its own",
        "REVOKE ALL ON FUNCTION {} FROM {role}, public",
    ),
    "trigger": (
        "can create triggers on `{}` that fire before that of history",
        "REVOKE TRIGGER ON {} FROM {role}",
    ),
    "create": (
        "can create functions in the schema `{}` that take the place of others",
        "REVOKE CREATE ON SCHEMA {} FROM {role}, public",
    ),
    "owner": (
        "owns `{}`, or can become its owner, and can disable its triggers",
        "let a role own it that nobody logs in as",
    ),
}


def check_roles(
    connection: Connection, history: LiveHistory, *, trusted: Collection[str]
) -> Iterator[Finding]:
    """Find the roles, other than superusers, that can write history by hand."""
    has_options = connection.info.server_version >= _MEMBERSHIP_HAS_OPTIONS
    question = sql.SQL(_RIGHTS).format(acts_as=sql.SQL(_ACTS_AS[has_options]))
    values = {
        "history": history.history,
        "function": history.function.oid,
        "table": history.found.oid,
        "schemas": history.function.path,
    }
    objects: dict[tuple[str, str], list[str]] = defaultdict(list)
    for role, right, name in connection.execute(question, values).fetchall():
        objects[role, right].append(name)
    for role in sorted({role for role, _ in objects}):
        rights = {right: objects[role, right] for right in _MESSAGES}
        yield from _findings(history, role, rights, is_trusted=role in trusted)


def _findings(
    history: LiveHistory,
    role: str,
    rights: dict[str, list[str]],
    *,
    is_trusted: bool,
) -> Iterator[Finding]:
    owned = {*rights["own"], *rights["owner"]}
    for right, (message, remedy) in _MESSAGES.items():
        # Owners hold all other rights, and superusers more than these.
        names = sorted(rights[right])
        if right not in ("own", "owner"):
            names = [name for name in names if name not in owned]
        is_implied = rights["become"] and right != "become"
        is_implied = is_implied or (right == "set" and rights["own"])
        if not names or is_implied:
            continue
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        parts = {"role": role, "history": history.names.history}
        yield Finding(
            history.shown,
            "owner" if right == "owner" else "can-forge",
            f"the role `{role}` " + message.format(names[0]) + more,
            help=remedy.format(names[0], **parts),
            is_note=is_trusted or right == "owner",
        )
