"""Random queries, to attack what the inference calls not null."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from nullability_tables import COLUMNS, NULLS, VALUES


@dataclass(frozen=True, slots=True)
class Names:
    """The columns that can be named at some place, by type."""

    columns: tuple[tuple[str, str], ...] = ()
    outer: tuple[tuple[str, str], ...] = ()
    ctes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    depth: int = 0
    aggregates: bool = False

    def of(self, kind: str) -> list[str]:
        """Return the columns of one type; outer ones are rarer."""
        own = [name for name, type_ in self.columns if type_ == kind]
        return own * 3 + [name for name, type_ in self.outer if type_ == kind]


@dataclass(slots=True)
class Writer:
    """Writes random SQL; the same seed gives the same text."""

    random: Random
    counter: int = field(default=0)

    def name(self, prefix: str) -> str:
        """Return a new name."""
        self.counter += 1
        return f"{prefix}{self.counter}"

    def chance(self, part: float) -> bool:
        """Return True in a part of the cases."""
        return self.random.random() < part

    def query(self, names: Names, kinds: list[str] | None = None) -> str:
        """Write a query; `kinds` are the types of its columns."""
        wanted = kinds or [self.kind() for _ in range(self.random.randint(1, 4))]
        if names.depth < 2 and self.chance(0.15):
            cte = self.name("w")
            columns = [self.kind() for _ in range(self.random.randint(1, 3))]
            inner = Names((), names.outer, names.ctes, names.depth + 1)
            definition = self.query(inner, columns)
            known = (*names.ctes, (cte, tuple(columns)))
            header = ", ".join(f"x{index}" for index in range(len(columns)))
            rest = self.query(Names((), names.outer, known, names.depth + 1), wanted)
            return f"WITH {cte} ({header}) AS ({definition}) {rest}"
        if names.depth < 3 and self.chance(0.12):
            operator = self.random.choice(
                ["UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"]
            )
            inner = Names((), names.outer, names.ctes, names.depth + 1)
            left, right = self.select(inner, wanted), self.select(inner, wanted)
            return f"({left}) {operator} ({right})"
        return self.select(names, wanted)

    def kind(self) -> str:
        """Choose a type."""
        return self.random.choice(["int", "int", "text", "bool", "array", "json"])

    def select(self, names: Names, kinds: list[str]) -> str:
        """Write one SELECT."""
        if self.chance(0.05):
            outputs = [self.expression(kind, names) for kind in kinds]
            return "SELECT " + ", ".join(outputs)
        source, columns = self.source(names)
        inside = Names(columns, names.outer, names.ctes, names.depth + 1)
        where = f" WHERE {self.condition(inside)}" if self.chance(0.6) else ""
        if self.chance(0.3):
            return self.grouped(inside, kinds, f" FROM {source}{where}")
        outputs = [
            self.window(inside)
            if kind == "int" and self.chance(0.08)
            else self.expression(kind, inside)
            for kind in kinds
        ]
        distinct = "DISTINCT " if self.chance(0.05) else ""
        limit = self.random.choice([" LIMIT 1", " LIMIT 0", " OFFSET 1"])
        ending = limit if self.chance(0.1) else ""
        return f"SELECT {distinct}{', '.join(outputs)} FROM {source}{where}{ending}"

    def grouped(self, names: Names, kinds: list[str], source: str) -> str:
        """Write a SELECT with aggregates."""
        keys = [
            self.random.choice(names.columns)
            for _ in range(self.random.randint(0, 2))
            if names.columns
        ]
        keys = [key for key in keys if key[1] in {"int", "text", "bool", "array"}]
        group = Names(tuple(keys), names.outer, names.ctes, names.depth + 1)
        clause = ", ".join(key[0] for key in keys)
        if keys and self.chance(0.2):
            clause = self.random.choice([f"ROLLUP ({clause})", f"CUBE ({clause})"])
            if self.chance(0.3):
                clause = f"{keys[0][0]}, {clause}"
        outputs = [self.aggregated(kind, group, names) for kind in kinds]
        having = ""
        if self.chance(0.3):
            having = f" HAVING {self.having(group, names)}"
        by = f" GROUP BY {clause}" if keys else ""
        if not keys and not any("(" in output for output in outputs) and not having:
            outputs[0] = f"max({outputs[0]})" if kinds[0] == "int" else outputs[0]
        return f"SELECT {', '.join(outputs)}{source}{by}{having}"

    def having(self, group: Names, names: Names) -> str:
        """Write a condition on groups."""
        part = self.aggregated(self.random.choice(["int", "text"]), group, names)
        return self.random.choice(
            [f"({part}) IS NOT NULL", "count(*) > 0", f"({part}) = ({part})"]
        )

    def aggregated(self, kind: str, group: Names, names: Names) -> str:
        """Write an expression over groups."""
        if group.of(kind) and self.chance(0.5):
            return self.expression(kind, group)
        simple = Names(names.columns, (), (), 3)
        inner = self.expression(kind, simple)
        choices: dict[str, list[str]] = {
            "int": [
                f"max({inner})",
                f"sum({inner})::int",
                "count(*)::int",
                f"min({inner})",
            ],
            "text": [f"max({inner})", f"string_agg({inner}, ',')"],
            "bool": [f"bool_and({inner})", f"bool_or({inner})"],
            "array": [f"array_agg({self.expression('int', simple)})"],
            "json": [f"jsonb_agg({inner})"],
        }
        found = self.random.choice(choices[kind])
        if self.chance(0.15) and not found.endswith("::int"):
            found += f" FILTER (WHERE {self.condition(simple)})"
        if self.chance(0.2):
            other = self.random.choice(VALUES[kind])
            found = f"COALESCE({found}, {other})"
        return found

    def window(self, names: Names) -> str:
        """Write a window function."""
        simple = Names(names.columns, (), (), 3)
        value = self.expression("int", simple)
        call = self.random.choice(
            [
                f"lag({value})",
                f"lead({value}, 1, 0)",
                f"sum({value})",
                f"first_value({value})",
                f"nth_value({value}, 2)",
                "row_number()",
            ]
        )
        frame = self.random.choice(
            [
                "",
                " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
                " ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
                " ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW",
            ]
        )
        order = self.expression("int", simple)
        return f"({call} OVER (ORDER BY ({order}) + 0{frame}))::int"

    def source(self, names: Names) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Write a FROM clause, and return the columns that it offers."""
        text, columns = self.relation(names)
        for _ in range(self.random.choice([0, 0, 1, 1, 2])):
            lateral = Names(columns, names.outer, names.ctes, names.depth + 1)
            right, more = self.relation(names, lateral)
            kind = self.random.choice(
                ["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
            )
            both = Names((*columns, *more), names.outer, names.ctes, 3)
            if kind == "FULL JOIN":
                own = [name for name, type_ in columns if type_ == "int"]
                other = [name for name, type_ in more if type_ == "int"]
                if own and other:
                    on = f"{self.random.choice(own)} = {self.random.choice(other)}"
                else:
                    on = "true"
            else:
                on = self.condition(both)
            if "LATERAL" in right and kind in {"RIGHT JOIN", "FULL JOIN"}:
                kind = "LEFT JOIN"
            text = f"{text} {kind} {right} ON {on}"
            if self.chance(0.2):
                text = f"({text})"
            columns = (*columns, *more)
        return text, columns

    def relation(
        self, names: Names, lateral: Names | None = None
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Write one relation of a FROM clause."""
        alias = self.name("r")
        roll = self.random.random()
        if roll < 0.65 or names.depth >= 3:
            table = self.random.choice(["t1", "t2", "t3", "v1"])
            columns = tuple((f"{alias}.{name}", kind) for name, kind in COLUMNS.items())
            return f"{table} AS {alias}", columns
        if roll < 0.75 and names.ctes:
            cte, types = self.random.choice(names.ctes)
            columns = tuple((f"{alias}.x{i}", kind) for i, kind in enumerate(types))
            return f"{cte} AS {alias}", columns
        if roll < 0.82:
            rows = ", ".join(
                f"({self.literal('int')}, {self.literal('text')})"
                for _ in range(self.random.randint(1, 2))
            )
            return f"(VALUES {rows}) AS {alias} (x, y)", (
                (f"{alias}.x", "int"),
                (f"{alias}.y", "text"),
            )
        if roll < 0.87 and lateral is not None and lateral.of("array"):
            argument = self.random.choice(lateral.of("array"))
            return f"LATERAL unnest({argument}) AS {alias} (x)", (
                (f"{alias}.x", "int"),
            )
        kinds = [self.kind() for _ in range(self.random.randint(1, 3))]
        header = ", ".join(f"x{index}" for index in range(len(kinds)))
        prefix = ""
        inner = Names((), names.outer, names.ctes, names.depth + 1)
        if lateral is not None and self.chance(0.5):
            prefix = "LATERAL "
            inner = Names((), lateral.columns, names.ctes, names.depth + 1)
        text = self.query(inner, kinds)
        columns = tuple((f"{alias}.x{i}", kind) for i, kind in enumerate(kinds))
        return f"{prefix}({text}) AS {alias} ({header})", columns

    def literal(self, kind: str) -> str:
        """Write a constant."""
        return NULLS[kind] if self.chance(0.25) else self.random.choice(VALUES[kind])

    def expression(self, kind: str, names: Names) -> str:
        """Write an expression of a type."""
        columns = names.of(kind)
        if columns and (names.depth >= 4 or self.chance(0.5)):
            return self.random.choice(columns)
        if names.depth >= 4:
            return self.literal(kind)
        deeper = Names(names.columns, names.outer, names.ctes, names.depth + 1)
        if self.chance(0.35):
            return self.general(kind, deeper)
        writers: dict[str, Callable[[Names], str]] = {
            "int": self.integer,
            "text": self.string,
            "bool": self.condition,
            "array": self.array,
            "json": self.json,
        }
        return writers[kind](deeper)

    def general(self, kind: str, names: Names) -> str:
        """Write an expression that exists for every type."""
        first, second = self.expression(kind, names), self.expression(kind, names)
        roll = self.random.random()
        if roll < 0.35:
            return f"COALESCE({first}, {second})"
        if roll < 0.7:
            condition = self.condition(names)
            ending = f" ELSE {second}" if self.chance(0.7) else ""
            return f"CASE WHEN {condition} THEN {first}{ending} END"
        if roll < 0.8 and kind in {"int", "text"}:
            return f"NULLIF({first}, {second})"
        if names.depth < 4:
            outer = (*names.columns, *names.outer)
            inner = Names((), outer, names.ctes, names.depth + 1)
            text = self.query(inner, [kind])
            return f"(SELECT * FROM ({text}) AS {self.name('s')} LIMIT 1)"
        return self.literal(kind)

    def integer(self, names: Names) -> str:
        """Write a number."""
        first, second = self.expression("int", names), self.expression("int", names)
        return self.random.choice(
            [
                f"({first} + {second})",
                f"GREATEST({first}, {second})",
                f"length({self.expression('text', names)})",
                f"array_length({self.expression('array', names)}, 1)",
                f"cardinality({self.expression('array', names)})",
                f"({self.expression('array', names)})[1]",
                f"num_nulls({first}, {second})",
                self.literal("int"),
            ]
        )

    def string(self, names: Names) -> str:
        """Write a text."""
        first, second = self.expression("text", names), self.expression("text", names)
        return self.random.choice(
            [
                f"({first} || {second})",
                f"concat({first}, {second})",
                f"lower({first})",
                f"substring({first} from 'a')",
                f"({self.expression('json', names)} ->> 'a')",
                f"({self.expression('int', names)})::text",
                self.literal("text"),
            ]
        )

    def array(self, names: Names) -> str:
        """Write an array."""
        first, item = self.expression("array", names), self.expression("int", names)
        return self.random.choice(
            [
                f"ARRAY[{item}, {self.expression('int', names)}]",
                f"array_append({first}, {item})",
                f"array_remove({first}, NULL)",
                f"array_cat({first}, {self.expression('array', names)})",
                self.literal("array"),
            ]
        )

    def json(self, names: Names) -> str:
        """Write a JSON value."""
        first = self.expression("json", names)
        return self.random.choice(
            [
                f"({first} -> 'a')",
                f"to_jsonb({self.expression('text', names)})",
                f"jsonb_build_object('a', {self.expression('int', names)})",
                self.literal("json"),
            ]
        )

    def condition(self, names: Names) -> str:
        """Write a truth value."""
        if names.depth >= 5:
            return f"{self.expression('int', names)} = {self.literal('int')}"
        deeper = Names(names.columns, names.outer, names.ctes, names.depth + 1)
        kind = self.random.choice(["int", "text"])
        first, second = self.expression(kind, deeper), self.expression(kind, deeper)
        any_kind = self.expression(self.kind(), deeper)
        number = self.expression("int", deeper)
        choices = [
            f"{first} = {second}",
            f"{first} = {second}",
            f"{first} <> {second}",
            f"({any_kind}) IS NULL",
            f"({any_kind}) IS NOT NULL",
            f"({any_kind}) IS NOT NULL",
            f"{first} IS DISTINCT FROM {second}",
            f"{first} IN ({second}, {self.literal(kind)})",
            f"{first} NOT IN ({second}, {self.literal(kind)})",
            f"{first} BETWEEN {second} AND {self.expression(kind, deeper)}",
            f"{number} = ANY ({self.expression('array', deeper)})",
            f"{number} <> ALL ({self.expression('array', deeper)})",
            f"({self.condition(deeper)}) AND ({self.condition(deeper)})",
            f"({self.condition(deeper)}) OR ({self.condition(deeper)})",
            f"NOT ({self.condition(deeper)})",
            f"({self.condition(deeper)}) IS TRUE",
            f"({self.condition(deeper)}) IS NOT FALSE",
            f"({self.expression('bool', deeper)})",
        ]
        if names.depth < 3 and self.chance(0.3):
            outer = (*names.columns, *names.outer)
            inner = Names((), outer, names.ctes, names.depth + 2)
            choices = [
                f"{first} IN ({self.query(inner, [kind])})",
                f"{first} NOT IN ({self.query(inner, [kind])})",
                f"{first} = ALL ({self.query(inner, [kind])})",
                f"EXISTS ({self.query(inner, ['int'])})",
                f"NOT EXISTS ({self.query(inner, ['int'])})",
            ]
        return self.random.choice(choices)


def random_query(random: Random) -> str:
    """Return a random query over the schema; it may be wrong at run time."""
    return Writer(random).query(Names())
