"""The text of the migration that begins the history of a table."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.history.declaration import write_comment
from datalayer.history.function_text import WIDTH, function_text
from datalayer.history.naming import history_names, quote_literal, quote_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalayer.history.declaration import Declaration
    from datalayer.history.model import TrackedTable
    from datalayer.history.naming import HistoryNames

_TIMESCALEDB = "timescaledb"


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """All that the text of a migration is made of."""

    table: TrackedTable
    declaration: Declaration
    #: The command that writes this text again, by its lines.
    command: tuple[str, ...]
    #: The components that must be there before.
    requires: tuple[str, ...] = ()
    #: How much time one partition or chunk is about, and how long rows are kept.
    step: str = "1 day"
    retain: str | None = None
    grants: tuple[str, ...] = ()
    #: Whether the table is a hypertable in the profile `timescaledb`.
    is_hypertable: bool = False

    @property
    def names(self) -> HistoryNames:
        """Return the names of the parts."""
        return history_names(self.table.name)


def migration_text(plan: HistoryPlan, profile: str) -> str:
    """Return the migration of a plan for a profile."""
    table_name = quote_name(plan.table.name)
    comment = quote_literal(write_comment(table_name, plan.declaration))
    function = quote_name(plan.names.function)
    paragraphs = (
        _header(plan),
        _search_path(plan),
        _history_table(plan, profile),
        _table_comment(plan),
        "\n".join(_indexes(plan, profile)),
        function_text(plan.table, plan.declaration),
        *_triggers(plan),
        "\n".join(_always(plan, profile)),
        "\n".join(_closing(plan, profile)),
        f"COMMENT ON FUNCTION {function}() IS\n{comment};",
    )
    return "\n\n".join(part for part in paragraphs if part) + "\n"


def _header(plan: HistoryPlan) -> str:
    shown = " ".join(quote_name(plan.table.name).split())
    requires = [f"-- datalayer: requires={','.join(plan.requires)}"]
    return "\n".join(
        [
            *(requires if plan.requires else ()),
            _comment(
                f"Keep the history of {shown}: who reads it sees what changed, "
                "field by field."
            ),
            "-- Written by",
            *(f"--     {line}" for line in plan.command),
            _comment(
                f"Locks: SHARE ROW EXCLUSIVE on {shown} while the triggers are "
                "created: it is read meanwhile, not written."
            ),
        ]
    )


def _search_path(plan: HistoryPlan) -> str:
    reason = _comment(
        "The function keeps this path: its names mean the same whoever writes to the "
        "table, and nothing of a temporary schema can take their place."
    )
    schema = ""
    if not plan.table.is_in_path:
        schema = quote_name(plan.table.schema).replace("%", "%%") + ", "
    path = quote_literal(f"{schema}%I, pg_temp")
    line = f"SELECT set_config('search_path', format({path}, current_schema()), TRUE);"
    if len(line) > WIDTH:
        line = (
            "SELECT set_config(\n    'search_path',\n"
            f"    format({path}, current_schema()),\n    TRUE\n);"
        )
    return f"{reason}\n{line}"


def _history_table(plan: HistoryPlan, profile: str) -> str:
    names = plan.names
    key = plan.table.column(plan.declaration.key)
    collation = f" COLLATE {key.collation}" if key.collation else ""
    text = f"""\
CREATE TABLE {quote_name(names.history)} (
    time timestamptz NOT NULL DEFAULT now(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    operation text NOT NULL,
    entity_id {key.type}{collation} NOT NULL,
    entity_ref text,
    changed_fields text[] NOT NULL DEFAULT '{{}}',
    old_values jsonb,
    new_values jsonb,
    CONSTRAINT {quote_name(names.primary_key)} PRIMARY KEY (seq, time),
    CONSTRAINT {quote_name(names.operation_check)} CHECK (
        operation IN ('INSERT', 'UPDATE', 'DELETE')
    ),
    CONSTRAINT {quote_name(names.fields_check)} CHECK (
        array_position(changed_fields, NULL) IS NULL
    )
)"""
    by_profile = _hypertable if profile == _TIMESCALEDB else _partitions
    return text + by_profile(plan)


def _partitions(plan: HistoryPlan) -> str:
    history = quote_name(plan.names.history)
    default = quote_name(plan.names.default_partition)
    retain = quote_literal(plan.retain) if plan.retain else "NULL"
    creation = _statement(f"CREATE TABLE {default}", f"PARTITION OF {history} DEFAULT;")
    row = f"({quote_literal(history)}, 'time', {quote_literal(plan.step)}, {retain});"
    lines = (
        " PARTITION BY RANGE (time);",
        creation,
        "INSERT INTO datalayer_partitioned (relation, time_column, step, retain)",
        f"VALUES {row}",
    )
    return "\n".join(lines)


def _hypertable(plan: HistoryPlan) -> str:
    history = quote_name(plan.names.history)
    literal = quote_literal(history)
    step = f"interval {quote_literal(plan.step)}"
    arguments = f"{literal},\n    by_range('time', {step}),"
    creation = (
        f"SELECT create_hypertable(\n    {arguments}\n"
        "    create_default_indexes => FALSE\n);"
    )
    segments = ""
    if plan.declaration.ref is not None:
        segments = "\n    timescaledb.compress_segmentby = 'entity_ref',"
    retention = ""
    if plan.retain:
        retain = f"interval {quote_literal(plan.retain)}"
        retention = f"\n{_call('add_retention_policy', literal, retain)}"
    compression = _call("add_compression_policy", literal, "interval '7 days'")
    return f""");
{creation}
ALTER TABLE {history} SET (
    timescaledb.compress,{segments}
    timescaledb.compress_orderby = 'entity_id, time DESC, seq DESC'
);
{compression}{retention}"""[1:]


def _call(function: str, *arguments: str) -> str:
    line = f"SELECT {function}({', '.join(arguments)});"
    if len(line) <= WIDTH:
        return line
    return f"SELECT {function}(\n    {', '.join(arguments)}\n);"


def _table_comment(plan: HistoryPlan) -> str:
    history, table = quote_name(plan.names.history), quote_name(plan.table.name)
    begin = f"Every change of {table}, in the order of seq;"
    text = quote_literal(f"{begin} time is when the transaction began.")
    if len(text) >= WIDTH:
        text = quote_literal(f"{begin}\ntime is when the transaction began.")
    return f"COMMENT ON TABLE {history} IS\n{text};"


def _indexes(plan: HistoryPlan, profile: str) -> Iterator[str]:
    yield _index(plan, "entity", "(entity_id, time DESC);")
    if plan.declaration.ref is not None:
        yield _index(plan, "entity_ref", "(entity_ref, time DESC);")
    if "status" in plan.declaration.track:
        index = _index(plan, "status_changes", "(time DESC)")
        yield f"{index}\nWHERE 'status' = any(changed_fields);"
    yield _index(plan, "changed_fields", "USING gin (changed_fields);")
    # Chunks are shorter than what a BRIN index pays for, and aggregates ask for ranges.
    by_profile = "(time DESC);" if profile == _TIMESCALEDB else "USING brin (time);"
    yield _index(plan, "time", by_profile)


def _index(plan: HistoryPlan, purpose: str, rest: str) -> str:
    name, history = quote_name(plan.names.index(purpose)), plan.names.history
    return _statement(f"CREATE INDEX {name}", f"ON {quote_name(history)} {rest}")


def _triggers(plan: HistoryPlan) -> Iterator[str]:
    names, table = plan.names, quote_name(plan.table.name)
    history = quote_name(names.history)
    refuse = "EXECUTE FUNCTION datalayer_refuse_change"
    rows = "FOR EACH ROW"
    yield _trigger(
        names.trigger,
        f"AFTER INSERT OR UPDATE OR DELETE ON {table}",
        f"{rows} EXECUTE FUNCTION {quote_name(names.function)}();",
    )
    yield _trigger(
        names.refuse_key_change,
        f"BEFORE UPDATE ON {table}",
        rows,
        f"WHEN ({_key_change(plan)})",
        f"{refuse}('history names rows by their primary key');",
    )
    yield _trigger(
        names.refuse_truncate,
        f"BEFORE TRUNCATE ON {table}",
        "FOR EACH STATEMENT",
        f"{refuse}('no history would be written, use DELETE');",
    )
    yield _trigger(
        names.append_only,
        f"BEFORE UPDATE OR DELETE ON {history}",
        f"{rows} {refuse}('history is append-only');",
    )
    yield _trigger(
        names.refuse_truncate,
        f"BEFORE TRUNCATE ON {history}",
        f"FOR EACH STATEMENT {refuse}('history is append-only');",
    )


def _trigger(name: str, *lines: str) -> str:
    return "\n".join([f"CREATE TRIGGER {quote_name(name)}", *lines])


def key_columns(table: TrackedTable, key: str) -> tuple[str, ...]:
    """Return what may not change: the key, and the rest of its primary key."""
    rest = table.primary_key if key in table.primary_key else ()
    return (key, *(name for name in rest if name != key))


def _key_change(plan: HistoryPlan) -> str:
    names = map(quote_name, key_columns(plan.table, plan.declaration.key))
    tests = [f"old.{name} <> new.{name}" for name in names]
    line = " OR ".join(tests)
    # `WHEN (` and `)` around it.
    return line if len(line) + 7 <= WIDTH else "\n    " + "\n    OR ".join(tests) + "\n"


def _always(plan: HistoryPlan, profile: str) -> Iterator[str]:
    """Fire also while changes of another server are applied."""
    names = plan.names
    table, history = plan.table.name, names.history
    tracked = (names.trigger, names.refuse_key_change, names.refuse_truncate)
    triggers = [(table, trigger) for trigger in tracked]
    reason = "-- Also while a subscription or a restore applies changes."
    if profile == _TIMESCALEDB:
        if plan.is_hypertable:
            return
        reason += " Hypertables cannot."
    else:
        triggers += [(history, names.append_only), (history, names.refuse_truncate)]
    yield reason
    for relation, trigger in triggers:
        yield _statement(
            f"ALTER TABLE {quote_name(relation)}",
            f"ENABLE ALWAYS TRIGGER {quote_name(trigger)};",
        )


def _closing(plan: HistoryPlan, profile: str) -> Iterator[str]:
    """Keep others from writing history, and let those read it that shall."""
    table = quote_literal(quote_name(plan.table.name))
    history = quote_name(plan.names.history)
    literal = quote_literal(history)
    is_native = profile != _TIMESCALEDB
    if plan.table.is_partitioned and not (plan.is_hypertable and not is_native):
        yield (
            f"SELECT datalayer_protect_partition({table}, relid)\n"
            f"FROM pg_partition_tree({table})\nWHERE level > 0;"
        )
    if is_native:
        default = quote_literal(quote_name(plan.names.default_partition))
        yield _call("datalayer_protect_partition", literal, default)
    yield f"SELECT datalayer_close_history({literal});"
    for role in plan.grants:
        yield f"GRANT SELECT ON {history} TO {role};"


def _statement(first: str, second: str) -> str:
    line = f"{first} {second}"
    return line if len(line) <= WIDTH else f"{first}\n{second}"


def _comment(text: str) -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent="-- ",
        subsequent_indent="-- ",
        break_long_words=False,
        break_on_hyphens=False,
    )
