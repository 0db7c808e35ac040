"""What is asked of `datalayer history add`, before and after a look at the table."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalayer.history.declaration import Declaration
from datalayer.history.errors import (
    HistoryColumnsError,
    HistoryDurationError,
    HistoryKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalayer.history.model import TrackedTable

DEFAULT_STEP = "1 day"
_WIDTH = 88
_DURATION = re.compile(r"([1-9][0-9]{0,5}) (hour|day|week)s?")


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """What is asked; names as they were given, with commas or repeated."""

    table: str
    track: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    initial: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    ref: str | None = None
    key: str | None = None
    retain: str | None = None
    step: str = DEFAULT_STEP
    #: native, timescaledb, both, or None for what the project has.
    profile: str | None = None
    component: str | None = None
    grants: tuple[str, ...] = ()


def check_durations(options: HistoryOptions) -> None:
    """Raise `HistoryDurationError` for what is no number of hours, days or weeks."""
    for name, value in (("step", options.step), ("retain", options.retain)):
        if value is not None and not _DURATION.fullmatch(value):
            raise HistoryDurationError(
                f"`--{name}` cannot be `{value}`",
                help="write a whole number of hours, days or weeks, as in `90 days`; "
                "months and years differ in length",
            )


def declare(options: HistoryOptions, table: TrackedTable) -> Declaration:
    """Return the declaration of all columns of a table that options mean.

    Raises `HistoryColumnsError` or `HistoryKeyError`.
    """
    columns = table.column_names
    ref = None if options.ref is None else _known(options.ref, "ref", columns)
    digest = _names(options.digest, "digest", columns)
    track = _names(options.track, "track", columns)
    declared = Declaration(
        key=_key(options, table),
        ref=ref,
        track=(*track, *(name for name in digest if name not in track)),
        digest=digest,
        initial=_names(options.initial, "initial", columns),
        ignore=_names(options.ignore, "ignore", columns),
    )
    _check_overlaps(declared)
    _check_virtual(declared, table)
    if not declared.track:
        raise HistoryColumnsError(
            f"nothing of `{table.name}` is tracked",
            help="name the columns whose changes count: `--track a,b`",
        )
    _check_complete(options, declared, table)
    return declared


def command_lines(options: HistoryOptions, declaration: Declaration) -> tuple[str, ...]:
    """Return the command that asks the same, one option a line."""
    parts = [f"datalayer history add {shlex.quote(options.table)}"]
    for name in ("track", "digest", "initial", "ignore"):
        parts += _option_lines(name, getattr(declaration, name))
    single = (
        ("ref", declaration.ref),
        ("key", declaration.key if options.key is not None else None),
        ("retain", options.retain),
        ("step", None if options.step == DEFAULT_STEP else options.step),
        ("profile", options.profile),
        ("component", options.component),
    )
    parts += [f"--{name} {shlex.quote(value)}" for name, value in single if value]
    parts += [f"--grant {shlex.quote(role)}" for role in options.grants]
    indented = [parts[0], *(f"    {part}" for part in parts[1:])]
    return (*tuple(f"{line} \\" for line in indented[:-1]), indented[-1])


def _option_lines(option: str, names: Sequence[str]) -> Iterator[str]:
    """Yield an option as often as its names need lines."""
    line: list[str] = []
    for name in names:
        longer = ",".join([*line, name])
        if line and ("," in name or "," in line[0] or len(longer) > _WIDTH - 26):
            yield f"--{option} {shlex.quote(','.join(line))}"
            line = []
        line.append(name)
    if line:
        yield f"--{option} {shlex.quote(','.join(line))}"


def _names(
    given: Iterable[str], option: str, columns: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns that the values of an option name."""
    names: list[str] = []
    for value in given:
        # The name of a column may contain a comma.
        split = [value] if value in columns else value.split(",")
        parts = [part if part in columns else part.strip() for part in split]
        names += [_known(part, option, columns) for part in parts if part]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HistoryColumnsError(f"`--{option}` names `{repeated[0]}` twice")
    return tuple(names)


def _known(name: str, option: str, columns: Sequence[str]) -> str:
    if name in columns:
        return name
    raise HistoryColumnsError(
        f"`--{option}` names `{name}`, which is no column",
        help=f"the columns are {_listed(columns)}",
    )


def _check_overlaps(declared: Declaration) -> None:
    """Refuse a column in two lists; the key and the ref may be tracked as well."""
    lists = (
        ("track", declared.track),
        ("initial", declared.initial),
        ("ignore", declared.ignore),
    )
    for index, (first, names) in enumerate(lists):
        for second, others in lists[index + 1 :]:
            for name in names:
                if name in others:
                    raise HistoryColumnsError(
                        f"`{name}` is in `--{first}` and in `--{second}`",
                        help="a column is either tracked, or recorded at INSERT only, "
                        "or ignored",
                    )
    if declared.key in declared.track:
        raise HistoryColumnsError(
            f"`{declared.key}` is the key, which never changes",
            help="leave it out of `--track` and `--digest`",
        )


def _check_virtual(declared: Declaration, table: TrackedTable) -> None:
    used = {*declared.track, *declared.initial, declared.key, declared.ref}
    for column in table.columns:
        if column.is_virtual and column.name in used:
            raise HistoryColumnsError(
                f"`{column.name}` is computed when it is read: triggers do not see it",
                help="ignore it, or generate it `STORED`",
            )


def _check_complete(
    options: HistoryOptions, declared: Declaration, table: TrackedTable
) -> None:
    missing = [name for name in table.column_names if name not in declared.columns]
    if not missing:
        return
    wanted = Declaration(
        declared.key,
        declared.ref,
        declared.track,
        declared.digest,
        declared.initial,
        (*declared.ignore, *missing),
    )
    command = "\n    ".join(command_lines(options, wanted))
    raise HistoryColumnsError(
        f"{len(missing)} column{'' if len(missing) == 1 else 's'} of `{table.name}` "
        f"{'is' if len(missing) == 1 else 'are'} not declared: {_listed(missing)}",
        help="track what counts and ignore the rest, such as with\n    " + command,
    )


def _key(options: HistoryOptions, table: TrackedTable) -> str:
    if options.key is not None:
        return _given_key(options.key, table)
    if not table.primary_key:
        raise HistoryKeyError(
            f"`{table.name}` has no primary key",
            help="add one, or name a column that is unique and not null: `--key id`",
        )
    first, *rest = table.primary_key
    if rest:
        raise HistoryKeyError(
            f"the primary key of `{table.name}` has {len(table.primary_key)} columns: "
            f"{_listed(table.primary_key)}",
            help=f"name the one that tells rows apart: `--key {table.primary_key[0]}`",
        )
    return _given_key(first, table)


def _given_key(name: str, table: TrackedTable) -> str:
    column = table.column(_known(name, "key", table.column_names))
    if not column.is_not_null:
        raise HistoryKeyError(
            f"`--key {name}` can be NULL", help="name a column that is NOT NULL"
        )
    if name not in table.unique_columns:
        raise HistoryKeyError(
            f"`--key {name}` is in no primary key or unique index",
            help="name a column that tells rows apart, or make this one unique",
        )
    return name


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
