"""Proves the queries of a project, one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalayer.codegen.catalog import Catalog
from datalayer.codegen.describe import Refusal, describe
from datalayer.codegen.numbering import numbered
from datalayer.codegen.rendering.naming import python_name
from datalayer.codegen.rendering.type_modules import type_modules
from datalayer.model import Operation, QueryShape, TypeKind
from datalayer.project import migrated_shapes
from datalayer.proving import questions
from datalayer.proving.annotations import accepts_none
from datalayer.proving.arguments import Argument, argument_of
from datalayer.proving.attack import attack, require_hypothesis
from datalayer.proving.bindings import read_bindings
from datalayer.proving.dependencies import dependencies, follow_references
from datalayer.proving.fitting import typed_columns, with_fitting
from datalayer.proving.functions import Functions, load_functions
from datalayer.proving.model import QueryProof
from datalayer.proving.scene import Target
from datalayer.proving.scouting import Scout
from datalayer.proving.session import Session, open_session

if TYPE_CHECKING:
    from datalayer.codegen.rendering.typemap import TypeClasses
    from datalayer.config import Config
    from datalayer.model import SqlType
    from datalayer.proving.bindings import Column
    from datalayer.proving.model import Table

_WITHOUT_ROWS = {Operation.AFFECTED, Operation.MANY_PARAMETERS, Operation.SCRIPT}
#: A query that promises a number and no more needs only to be run.
_FEW = 5


@dataclass(frozen=True, slots=True)
class Prover:
    """The database in which queries are proven, and the queries."""

    config: Config
    session: Session
    scout: Scout
    shapes: tuple[QueryShape, ...]
    seed: int
    type_classes: TypeClasses = field(repr=False)
    catalog: Catalog = field(repr=False)

    def prove(
        self, shape: QueryShape, *, examples: int, until: float = float("inf")
    ) -> QueryProof:
        """Attack what one query promises; `until` is a moment of `time.monotonic`."""
        proof = QueryProof(
            shape.source.qualified_name,
            f"{shape.source.location.path}:{shape.source.location.line}",
            has_rows=shape.source.operation not in _WITHOUT_ROWS or bool(shape.columns),
            nullable=_nullable(shape),
        )
        functions = load_functions(self.config, shape)
        if shape.source.operation is Operation.SCRIPT:
            proof.skipped = "a script promises nothing"
            return proof
        target = self._target(shape, functions)
        if target is None:
            proof.skipped = "PostgreSQL does not describe it"
            return proof
        proof.unchecked = target.unchecked
        attack(
            self.session,
            target,
            proof,
            examples=examples if proof.has_rows else min(examples, _FEW),
            seed=self.seed,
            until=until,
        )
        return proof

    def _target(self, shape: QueryShape, functions: Functions) -> Target | None:
        statement = numbered(shape.source)
        connection = self.session.connection
        described = describe(connection, statement.sql)
        if isinstance(described, Refusal):
            return None
        found = dependencies(connection, statement.sql, described.parameter_oids)
        typed = typed_columns(shape.columns)
        unchecked = frozenset(each.name for each in typed if not each.is_checked)
        documents = {column.name: column.documents for column in typed}
        follow_references(connection, found, self.scout)
        bindings = read_bindings(
            connection, self.catalog, statement.sql, described.parameter_oids
        )
        filling = self.scout.filling_for(
            shape.source.sql, found.tables, documents, bindings.links
        )
        oids = dict(zip(statement.order, described.parameter_oids, strict=True))
        refreshes = tuple(
            f"REFRESH MATERIALIZED VIEW {self._name(oid)}"
            for oid in sorted(found.materialized_views)
        )
        numbers = {name: number for number, name in enumerate(statement.order, 1)}
        bound = {name: bindings.of(number) for name, number in numbers.items()}
        arguments = self._arguments(shape, functions, oids, bound, filling.tables)
        types = connection.execute(
            questions.TYPE_NAMES, (list(described.parameter_oids),)
        ).fetchall()
        return Target(
            shape,
            functions,
            filling,
            refreshes,
            arguments,
            self.type_classes,
            statement.sql,
            tuple(name for (name,) in types),
            unchecked,
        )

    def _arguments(
        self,
        shape: QueryShape,
        functions: Functions,
        oids: dict[str, int],
        bound: dict[str, frozenset[Column]],
        tables: Sequence[Table],
    ) -> tuple[Argument, ...]:
        names = self.session.connection.execute(
            questions.TYPE_NAMES, (list(oids.values()),)
        ).fetchall()
        type_names = dict(zip(oids, (name for (name,) in names), strict=True))
        return tuple(
            argument_of(
                parameter,
                type_names[parameter.name],
                with_fitting(
                    self.scout.candidates(
                        oids[parameter.name], type_names[parameter.name]
                    ),
                    parameter,
                ),
                sql=shape.source.sql,
                tables=tables,
                bound=bound[parameter.name],
                accepts_none=accepts_none(hint) and parameter.nullable,
            )
            for parameter, (_, hint) in zip(
                shape.parameters, functions.sync.parameters, strict=True
            )
        )

    def _name(self, oid: int) -> str:
        row = self.session.connection.execute(questions.TABLE_NAME, (oid,)).fetchone()
        assert row is not None
        return str(row[0])


def _nullable(shape: QueryShape) -> frozenset[str]:
    is_value = shape.source.operation is Operation.VALUE
    return frozenset(
        "" if is_value else python_name(column.name)
        for column in shape.columns
        if column.nullable and not _is_json(column.type)
    )


def _is_json(type_: SqlType) -> bool:
    return type_.kind is TypeKind.BASE and type_.name in ("json", "jsonb")


def prover_of(
    config: Config, session: Session, shapes: tuple[QueryShape, ...], seed: int
) -> Prover:
    """Return the prover of queries in a scratch database that is connected already."""
    type_classes, _ = type_modules(shapes, config.package)
    catalog = Catalog(session.connection)
    scout = Scout(session, seed)
    return Prover(config, session, scout, shapes, seed, type_classes, catalog)


@contextmanager
def open_prover(
    config: Config,
    *,
    seed: int = 0,
    server_url: str | None = None,
    profile: str = "native",
) -> Iterator[Prover]:
    """Build a scratch database with a project's migrations, to prove queries in.

    Raises `HypothesisMissing`, and `ProblemsFound` as `datalayer generate` does.
    """
    require_hypothesis()
    with (
        migrated_shapes(config, server_url=server_url, profile=profile) as built,
        open_session(built.url) as session,
    ):
        yield prover_of(config, session, built.shapes, seed)


def prove_all(
    prover: Prover,
    shapes: Sequence[QueryShape],
    *,
    examples: int,
    seconds: float | None = None,
) -> Iterator[QueryProof]:
    """Prove queries in their order, each for its share of the time at most."""
    start = time.monotonic()
    for number, shape in enumerate(shapes):
        until = float("inf")
        if seconds is not None:
            now = time.monotonic()
            left = start + seconds - now
            if left <= 0:
                return
            until = now + left / (len(shapes) - number)
        proof = prover.prove(shape, examples=examples, until=until)
        yield proof
        if proof.is_interrupted:
            raise KeyboardInterrupt
