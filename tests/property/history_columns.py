"""The two tables whose history is on trial, as their specification declares them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto


class Kind(Enum):
    """How history records the values of a column."""

    SCALAR = auto()
    DOCUMENT = auto()
    DIGEST = auto()


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    sql_type: str
    kind: Kind = Kind.SCALAR
    #: Whether the history row of an INSERT has it even if it is NULL.
    always: bool = False
    #: The JSON text of its default; None is NULL.
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    #: The column that names a row for people.
    reference: str
    #: In the order in which changes are listed.
    tracked: tuple[Column, ...]
    #: Only in the history row of an INSERT.
    initial: tuple[Column, ...]
    ignored: tuple[Column, ...]
    #: Whether `created` belongs to the primary key.
    partitioned: bool

    def __repr__(self) -> str:
        return self.name

    @property
    def history(self) -> str:
        return f"{self.name}_history"

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.tracked + self.initial + self.ignored

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _enum(name: str, sql_type: str, default: str | None = None) -> Column:
    return Column(name, f"public.{sql_type}", always=True, default=default)


EXECUTION = Table(
    name="execution",
    reference="action_ref",
    tracked=(
        _enum("status", "execution_status", '"requested"'),
        Column("result", "jsonb", Kind.DIGEST),
        Column("executor", "bigint", always=True),
        Column("workflow_task", "jsonb", Kind.DOCUMENT),
        Column("env_vars", "jsonb", Kind.DOCUMENT),
        Column("started_at", "timestamptz", always=True),
    ),
    initial=(
        Column("action_ref", "text", always=True),
        Column("parent", "bigint", always=True),
        Column("enforcement", "bigint", always=True),
    ),
    ignored=(
        Column("config", "jsonb", Kind.DOCUMENT),
        Column("retry_count", "integer", default="0"),
        Column("retry_reason", "text"),
    ),
    partitioned=True,
)
WORKER = Table(
    name="worker",
    reference="name",
    tracked=(
        Column("name", "text", always=True),
        _enum("status", "worker_status", '"active"'),
        Column("capabilities", "jsonb", Kind.DOCUMENT),
        Column("meta", "jsonb", Kind.DOCUMENT),
        Column("host", "text", always=True),
        Column("port", "integer", always=True),
    ),
    initial=(_enum("worker_type", "worker_type"), _enum("worker_role", "worker_role")),
    ignored=(Column("runtime", "bigint"), Column("last_heartbeat", "timestamptz")),
    partitioned=False,
)
TABLES = (EXECUTION, WORKER)

#: Rows are called 1 to 4 in every program.
KEYS = (1, 2, 3, 4)
_TODAY = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
#: When a row was created: in different partitions, none of which retention drops.
CREATED = {
    key: (_TODAY - timedelta(days=days)).isoformat(sep=" ")
    for key, days in zip(KEYS, (0, 1, 9, 20), strict=True)
}
