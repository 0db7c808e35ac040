"""A project whose functions lie, each in a way of its own, and one that does not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datalayer import project
from datalayer.codegen.rendering.writer import write_modules
from datalayer.config import Config, load_config
from datalayer.finding_shapes import migrated_database, open_finder
from datalayer.proving import Prover
from datalayer.proving.prover import prover_of
from datalayer.proving.session import open_session

SCHEMA = """\
-- Everything that can be lied about.
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE TABLE person (
    id int PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    nick text,
    kind text NOT NULL DEFAULT 'plain' CHECK (kind IN ('plain', 'rare')),
    feeling mood NOT NULL DEFAULT 'happy',
    tags text[] NOT NULL DEFAULT '{}',
    price numeric NOT NULL DEFAULT 0,
    data jsonb NOT NULL DEFAULT '{}',
    born timestamptz,
    code text CHECK (code ~ '^[A-Z]{2}-[0-9]{4}$'),
    boss int REFERENCES person (id)
);
CREATE TABLE pet (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner int NOT NULL REFERENCES person (id),
    name text NOT NULL
);
CREATE TABLE seat (
    hall int, number int, owner text NOT NULL, code text NOT NULL, badge text UNIQUE,
    sold date, PRIMARY KEY (hall, number)
);
CREATE TABLE partner (
    id int PRIMARY KEY,
    other int NOT NULL REFERENCES partner (id) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX seat_owner ON seat (owner) WHERE sold > '2020-01-01';
CREATE TYPE address AS (street text, number int);
CREATE DOMAIN score AS int CHECK (value >= 0);
CREATE TABLE place (
    id int PRIMARY KEY,
    home address NOT NULL,
    visitors person [] NOT NULL DEFAULT '{}',
    scores score [] NOT NULL DEFAULT '{}'
);
CREATE VIEW owned AS
SELECT person.id, pet.name AS pet_name
FROM person LEFT JOIN pet ON pet.owner = person.id;
CREATE FUNCTION nick_of(wanted int) RETURNS text LANGUAGE plpgsql STABLE
AS $$BEGIN RETURN (SELECT nick FROM person WHERE id = wanted); END$$;
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A query, how its modules are changed by hand, and what is untrue about it."""

    name: str
    query: str
    where: str = ""
    kind: str = "null"
    #: A text of the generated modules, and what is put in its place.
    edit: tuple[str, str] = ("", "")
    #: The module below the package that is changed; default: the query's own.
    edited: str = ""

    @property
    def module(self) -> str:
        """Return the name of the query's file."""
        return self.name


def _case(
    name: str,
    header: str,
    sql: str,
    where: str = "",
    kind: str = "null",
    edit: tuple[str, str] = ("", ""),
    edited: str = "",
) -> Case:
    suffix, _, directives = header.partition("|")
    signature, mark = suffix[:-1], suffix[-1]
    lines = [f"-- name: {name}({signature.strip()}){mark if mark != '*' else ''}"]
    lines += ["-- Say something.", *(f"-- {d}" for d in directives.split("|") if d)]
    return Case(name, "\n".join([*lines, f"{sql};\n"]), where, kind, edit, edited)


# `*` stands for many rows.
LIES = [
    _case("column", "*|@column nick not null", "SELECT id, nick FROM person", "nick"),
    _case(
        "joined",
        "*|@column pet not null",
        "SELECT p.id, pet.name AS pet FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pet",
    ),
    _case("element", "*|@column tags[] not null", "SELECT tags FROM person", "tags[]"),
    _case(
        "value",
        "id$|@column nick not null",
        "SELECT nick FROM person WHERE id = :id",
        "nick",
    ),
    _case(
        "emptiness",
        "$|@column most not null",
        "SELECT max(number) AS most FROM pet",
        "most",
    ),
    _case(
        "viewed",
        "*|@column pet_name not null",
        "SELECT pet_name FROM owned",
        "pet_name",
    ),
    _case(
        "called",
        "*|@column nick not null",
        "SELECT nick_of(owner) AS nick FROM pet",
        "nick",
    ),
    _case(
        "constant",
        "*|@column rare not null",
        "SELECT CASE WHEN kind <> 'rare' THEN 1 END AS rare FROM person",
        "rare",
    ),
    _case(
        "scaled", "*|@column s not null", "SELECT scale(price) AS s FROM person", "s"
    ),
    _case(
        "document",
        "*|@column colour not null",
        "SELECT data ->> 'colour' AS colour FROM person WHERE data ? 'colour'",
        "colour",
    ),
    _case(
        "argument",
        "word*|@column other not null",
        "SELECT nullif(name, :word) AS other FROM person",
        "other",
    ),
    _case(
        "reference",
        "*|@column boss_nick not null",
        "SELECT b.nick AS boss_nick FROM person AS p JOIN person AS b ON b.id = p.boss"
        " WHERE p.code IS NOT NULL",
        "boss_nick",
    ),
    _case(
        "mapped",
        "*|@map id = nick|@column nick not null",
        "SELECT id, nick FROM person",
        "nick",
    ),
    _case(
        "many",
        "name^",
        "SELECT id, born FROM person WHERE name = :name",
        kind="more rows",
    ),
    _case(
        "missing",
        "id^",
        "SELECT id, name FROM person WHERE id = :id",
        kind="no row",
        edit=("fetch_optional", "fetch_one"),
    ),
    _case(
        "twin",
        "id^",
        "SELECT id, name FROM person WHERE id = :id",
        kind="no row",
        edit=("fetch_optional", "fetch_one"),
        edited="aio/twin.py",
    ),
    _case(
        "typed",
        "*",
        "SELECT id, name FROM person",
        "name",
        kind="type",
        edit=("name: str", "name: int"),
    ),
    _case(
        "dated",
        "*",
        "SELECT id, born FROM person",
        "born",
        kind="type",
        edit=("import datetime", "import date as datetime"),
    ),
    _case(
        "elements",
        "*",
        "SELECT tags FROM person",
        "tags[]",
        kind="type",
        edit=("list[str | None]", "list[int | None]"),
    ),
    _case(
        "truth",
        "$",
        "SELECT count(*) > 0 AS yes FROM person",
        "yes",
        kind="type",
        edit=("bool", "int"),
    ),
    _case(
        "enumerated",
        "*",
        "SELECT id, feeling FROM person",
        kind="error ValueError",
        edit=('    SO_SO = "so so"\n', ""),
        edited="enums.py",
    ),
    _case(
        "narrow",
        "*",
        "SELECT id, name, nick FROM person",
        kind="error TypeError",
        edit=("    nick: str | None\n", ""),
    ),
    _case(
        "profiled",
        "*|@type data proving_classes.Profile|@column data not null",
        "SELECT p.id, boss.data FROM person AS p"
        " LEFT JOIN person AS boss ON boss.id = p.boss",
        "data",
    ),
    _case(
        "misread",
        "*|@type data proving_classes.Profile",
        "SELECT id, data FROM person",
        "data",
        kind="type",
        edit=(
            'json_type(Profile, "proving_classes.Profile")',
            'json_type(dict, "builtins.dict", validated=True)',
        ),
    ),
]

LIES += [
    _case(
        "embedded",
        "*|@embed pet",
        "SELECT p.id, pet.name AS pet_name FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pet",
        edit=("pet: EmbeddedPet | None", "pet: EmbeddedPet"),
    ),
    _case(
        "mistold",
        "*|@embed boss",
        "SELECT p.id, boss.name AS boss_name, boss.nick AS boss_nick FROM person AS p"
        " LEFT JOIN person AS boss ON boss.id = p.boss",
        "boss",
        kind="match",
        edit=("present=1", "present=2"),
    ),
    _case(
        "listed",
        "*|@group pets = pet",
        "SELECT p.id, pet.number, pet.name FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pets[].name",
        kind="type",
        edit=("    name: str", "    name: int"),
    ),
    _case(
        "padded",
        "*|@group pets = pet",
        "SELECT p.id, pet.number FROM person AS p LEFT JOIN pet ON pet.owner = p.id",
        "pets[].number",
        edit=("present=1, ", ""),
    ),
]

LIES += [
    _case(
        "composed",
        "*",
        "SELECT id, home FROM place",
        "home.number",
        kind="type",
        edit=("number: int | None", "number: str | None"),
        edited="composites.py",
    ),
]

LIES += [
    _case(
        "keyed",
        "*",
        "SELECT jsonb_build_object('id', id, 'nick', nick) AS card FROM person",
        "card.nick",
        edit=("nick: str | None", "nick: str"),
    ),
    _case(
        "required",
        "*",
        "SELECT json_agg(jsonb_strip_nulls(to_jsonb(person))) AS people FROM person"
        " GROUP BY id",
        "people[].nick",
        kind="type",
        edit=("nick: NotRequired[str]", "nick: str"),
    ),
    _case(
        "unlike_numbers",
        "$",
        "SELECT jsonb_object_agg(id, price) AS prices FROM person",
        "prices[]",
        kind="type",
        edit=("int | float | str", "int | float"),
    ),
]

LIES += [
    _case(
        "left_out",
        "word*|@column nick not null",
        "SELECT id, nick FROM person\n"
        "WHERE nick = :word -- @optional\n AND price = 0\n",
        "nick",
    ),
    _case(
        "left_join",
        "word, kind*|@column pet not null",
        "SELECT p.id, pet.name AS pet FROM person AS p\n"
        "LEFT JOIN pet ON pet.owner = p.id\n"
        "WHERE p.kind = :kind -- @optional\n AND pet.name = :word -- @optional\n",
        "pet",
    ),
    _case(
        "paged",
        "row_limit*|@page name, id",
        "SELECT id, name FROM person ORDER BY name, id LIMIT :row_limit",
        kind="error KeyError",
        edit=("(%(cursor_1)s, %(cursor_2)s)", "(%(cursor_1)s, %(cursor_3)s)"),
    ),
    _case(
        "ordered",
        "*|@order id = id|@order name = name, id",
        "SELECT id, name FROM person ORDER BY id",
        kind="error KeyError",
        edit=('"name": "name, id"', '"name": "name, id %(less)s"'),
    ),
    _case(
        "left_alone",
        "id, name^",
        "SELECT id FROM person\nWHERE id = :id -- @optional\n"
        " AND name = :name -- @optional\n",
        kind="more rows",
    ),
]

#: Of what is said to be one row there are two, which keys keep apart.
TWINS = [
    _case(
        "half_a_key",
        "hall, owner, code^",
        "SELECT number FROM seat"
        " WHERE hall = :hall AND owner = :owner AND code = :code",
        kind="more rows",
    ),
    _case(
        "other_rows_of_an_index",
        "owner, code^",
        "SELECT hall, number FROM seat WHERE owner = :owner AND code = :code",
        kind="more rows",
    ),
    _case(
        "nothing_is_not_unique",
        "owner, code^",
        "SELECT hall, number FROM seat"
        " WHERE badge IS NULL AND owner = :owner AND code = :code",
        kind="more rows",
    ),
    _case(
        "two_on_the_other_side",
        "id, name^",
        "SELECT p.id, pet.name AS pet FROM person AS p"
        " JOIN pet ON pet.owner = p.id WHERE p.id = :id AND pet.name = :name",
        kind="more rows",
    ),
]
LIES += TWINS
LIES += [
    _case(
        "streamed",
        "*|@stream",
        "SELECT id, nick FROM person",
        kind="stream",
        edit=(
            "iterate(connection, STREAMED)",
            "__import__('contextlib').nullcontext(iter(()))",
        ),
    ),
    _case(
        "streamed_twin",
        "*|@stream",
        "SELECT id, nick FROM person",
        kind="type",
        edit=("AsyncIterator[StreamedTwinRow]", "AsyncIterator[int]"),
        edited="aio/streamed_twin.py",
    ),
]

TRUTHS = [
    _case(
        "mapped_nicks",
        "kind*|@map id = nick",
        "SELECT id, nick FROM person WHERE kind = :kind",
    ),
    _case(
        "mapped_pets",
        "*|@group pets = pet|@map id",
        "SELECT p.id, pet.number FROM person AS p LEFT JOIN pet ON pet.owner = p.id",
    ),
    _case(
        "mapped_people",
        "kind*|@map id|@stream",
        "SELECT id, nick FROM person WHERE kind = :kind",
    ),
    Case(
        "fed_pets",
        "-- name: fed_pets(number, name)*!\n-- Say something.\n"
        "UPDATE pet SET name = :name WHERE number = :number"
        " RETURNING number, owner, name;\n",
    ),
    _case(
        "found_people",
        "moods, least, most, ids, nick, pet, code*",
        "SELECT p.id, p.nick FROM person AS p\n"
        "JOIN pet ON pet.owner = p.id -- @optional for pet\n"
        "WHERE p.feeling = ANY (:moods) -- @optional\n"
        " AND p.price BETWEEN :least AND :most -- @optional\n"
        " AND p.id = ANY (:ids) -- @optional\n"
        " AND p.nick IS NOT DISTINCT FROM :nick -- @optional\n"
        " AND p.code = :code -- @optional\n"
        " AND pet.name = :pet -- @optional\n",
    ),
    _case(
        "changed_person",
        "id, name, nick, feeling^|@param feeling = 'sad'",
        "UPDATE person\nSET name = :name, -- @optional\n"
        " nick = :nick, -- @optional\n feeling = :feeling -- @optional\n"
        "WHERE id = :id RETURNING id, name, nick, feeling",
    ),
    _case(
        "ordered_people",
        "kind, row_limit*|@order id = id|@order name = name, id|@page",
        "SELECT id, name FROM person\nWHERE kind = :kind -- @optional\n"
        "ORDER BY id LIMIT :row_limit",
    ),
    _case(
        "some_documents",
        "*",
        "SELECT jsonb_build_object('person', p, 'pets', coalesce(jsonb_agg(pet)"
        " FILTER (WHERE pet.number IS NOT NULL), '[]'), 'paid', sum(p.price)) AS card,"
        " json_build_object('boss', to_json(b), 'a b', ARRAY[p.nick]) AS more"
        " FROM person AS p LEFT JOIN person AS b ON b.id = p.boss"
        " LEFT JOIN pet ON pet.owner = p.id GROUP BY p.id, b.id",
    ),
    _case("some_places", "*", "SELECT to_jsonb(place) AS place FROM place"),
    _case("a_place", "*", "SELECT id, home, visitors, scores FROM place"),
    _case(
        "a_new_place",
        "id, home, visitors, scores<",
        "INSERT INTO place (id, home, visitors, scores)"
        " VALUES (:id, :home, :visitors, :scores) RETURNING place",
    ),
    _case("all_people", "*", "SELECT * FROM person"),
    _case("a_person", "id^", "SELECT id, nick, data, born FROM person WHERE id = :id"),
    _case("a_number", "$", "SELECT count(*) FROM pet"),
    _case("a_nick", "id$", "SELECT nick FROM person WHERE id = :id"),
    _case("a_document", "id$", "SELECT data FROM person WHERE id = :id"),
    _case(
        "some_people",
        "ids, moods*",
        "SELECT id, tags FROM person WHERE id = ANY(:ids) AND feeling = ANY(:moods)",
    ),
    _case("a_pair", "*", "SELECT id, pet_name FROM owned WHERE pet_name IS NOT NULL"),
    _case(
        "a_new_pet",
        "owner, name<",
        "INSERT INTO pet (owner, name) VALUES (:owner, :name) RETURNING number, name",
    ),
    _case("no_pets", "name!", "DELETE FROM pet WHERE name = :name"),
    _case(
        "any_person",
        "name^|@allow uncertain-row-count: nobody minds",
        "SELECT id FROM person WHERE name = :name",
    ),
    _case(
        "a_word",
        "*|@type data builtins.dict",
        "SELECT id, data FROM person",
    ),
    _case(
        "a_meta",
        "*|@type data proving_classes.Meta",
        "SELECT id, data FROM person",
    ),
    _case(
        "a_profile",
        "*|@type data proving_classes.Profile|@type more proving_classes.Profiles"
        "|@type some[] proving_classes.Model",
        "SELECT id, data, json_build_object('a', data, 'b', NULL) AS more,"
        " ARRAY[data, NULL] AS some FROM person WHERE data ? 'since'",
    ),
    _case(
        "a_new_profile",
        "id, data<|@type data proving_classes.Struct",
        "INSERT INTO person (id, name, data) VALUES (:id, 'new', :data)"
        " RETURNING id, data",
    ),
]


#: Queries that give a row only where several things come together.
HIDDEN = [
    _case("full_halls", "*", "SELECT hall FROM seat GROUP BY hall HAVING count(*) > 2"),
    _case("couples", "*", "SELECT id, other FROM partner"),
    _case(
        "belongings",
        "id, number, name, nick, code*",
        "SELECT p.born FROM person AS p JOIN pet ON pet.owner = p.id"
        " WHERE p.id = :id AND pet.number = :number AND p.name = :name"
        " AND p.nick = :nick AND p.code = :code",
    ),
    _case(
        "constants_at_once",
        "*",
        "SELECT hall FROM seat WHERE owner = 'x' AND code = 'y' AND badge = 'z'",
    ),
]


def write_project(root: Path, cases: list[Case], package: str) -> None:
    """Write the files of a project."""
    root.joinpath("pyproject.toml").write_text(
        f'[tool.datalayer]\noutput = "{package}/queries"\n'
    )
    root.joinpath("migrations").mkdir()
    root.joinpath("migrations", "001_schema.sql").write_text(SCHEMA)
    root.joinpath("queries").mkdir()
    for case in cases:
        text = case.query.replace(")<\n", ")<!\n")
        root.joinpath("queries", f"{case.name}.sql").write_text(text)


@contextmanager
def open_project(
    root: Path, cases: list[Case], *, server_url: str, package: str
) -> Iterator[Prover]:
    """Generate the modules of a project, change them by hand, and open its prover."""
    write_project(root, cases, package)
    config = load_config(root)
    with migrated_database(config, server_url, project.NATIVE) as url:
        with open_finder(
            config, project.NATIVE, server_url=server_url, migrated=url
        ) as finder:
            generated = project.build_with(finder)
        write_modules(config.output, generated.modules)
        change_modules(config, cases)
        with forgotten(package), open_session(url) as session:
            yield prover_of(config, session, generated.shapes, 1)


def change_modules(config: Config, cases: list[Case]) -> None:
    """Make functions lie."""
    for case in cases:
        if case.edit[0]:
            file = config.output / (case.edited or f"{case.name}.py")
            before = file.read_text()
            assert case.edit[0] in before, before
            file.write_text(before.replace(*case.edit))


@contextmanager
def forgotten(package: str) -> Iterator[None]:
    """Forget in the end what was imported from a project."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in [each for each in sys.modules if each.split(".")[0] == package]:
            del sys.modules[name]
