"""Queries whose functions lie, each in a way of its own."""

from __future__ import annotations

from proving_cases import case

LIES = [
    case("column", "*|@column nick not null", "SELECT id, nick FROM person", "nick"),
    case(
        "joined",
        "*|@column pet not null",
        "SELECT p.id, pet.name AS pet FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pet",
    ),
    case("element", "*|@column tags[] not null", "SELECT tags FROM person", "tags[]"),
    case(
        "value",
        "id$|@column nick not null",
        "SELECT nick FROM person WHERE id = :id",
        "nick",
    ),
    case(
        "emptiness",
        "$|@column most not null",
        "SELECT max(number) AS most FROM pet",
        "most",
    ),
    case(
        "viewed",
        "*|@column pet_name not null",
        "SELECT pet_name FROM owned",
        "pet_name",
    ),
    case(
        "called",
        "*|@column nick not null",
        "SELECT nick_of(owner) AS nick FROM pet",
        "nick",
    ),
    case(
        "constant",
        "*|@column rare not null",
        "SELECT CASE WHEN kind <> 'rare' THEN 1 END AS rare FROM person",
        "rare",
    ),
    case("scaled", "*|@column s not null", "SELECT scale(price) AS s FROM person", "s"),
    case(
        "document",
        "*|@column colour not null",
        "SELECT data ->> 'colour' AS colour FROM person WHERE data ? 'colour'",
        "colour",
    ),
    case(
        "argument",
        "word*|@column other not null",
        "SELECT nullif(name, :word) AS other FROM person",
        "other",
    ),
    case(
        "reference",
        "*|@column boss_nick not null",
        "SELECT b.nick AS boss_nick FROM person AS p JOIN person AS b ON b.id = p.boss"
        " WHERE p.code IS NOT NULL",
        "boss_nick",
    ),
    case(
        "mapped",
        "*|@map id = nick|@column nick not null",
        "SELECT id, nick FROM person",
        "nick",
    ),
    case(
        "many",
        "name^",
        "SELECT id, born FROM person WHERE name = :name",
        kind="more rows",
    ),
    case(
        "missing",
        "id^",
        "SELECT id, name FROM person WHERE id = :id",
        kind="no row",
        edit=("fetch_optional", "fetch_one"),
    ),
    case(
        "twin",
        "id^",
        "SELECT id, name FROM person WHERE id = :id",
        kind="no row",
        edit=("fetch_optional", "fetch_one"),
        edited="aio/twin.py",
    ),
    case(
        "typed",
        "*",
        "SELECT id, name FROM person",
        "name",
        kind="type",
        edit=("name: str", "name: int"),
    ),
    case(
        "dated",
        "*",
        "SELECT id, born FROM person",
        "born",
        kind="type",
        edit=("import datetime", "import date as datetime"),
    ),
    case(
        "elements",
        "*",
        "SELECT tags FROM person",
        "tags[]",
        kind="type",
        edit=("list[str | None]", "list[int | None]"),
    ),
    case(
        "truth",
        "$",
        "SELECT count(*) > 0 AS yes FROM person",
        "yes",
        kind="type",
        edit=("bool", "int"),
    ),
    case(
        "enumerated",
        "*",
        "SELECT id, feeling FROM person",
        kind="error ValueError",
        edit=('    SO_SO = "so so"\n', ""),
        edited="enums.py",
    ),
    case(
        "narrow",
        "*",
        "SELECT id, name, nick FROM person",
        kind="error TypeError",
        edit=("    nick: str | None\n", ""),
    ),
    case(
        "profiled",
        "*|@type data proving_classes.Profile|@column data not null",
        "SELECT p.id, boss.data FROM person AS p"
        " LEFT JOIN person AS boss ON boss.id = p.boss",
        "data",
    ),
    case(
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
    case(
        "embedded",
        "*|@embed pet",
        "SELECT p.id, pet.name AS pet_name FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pet",
        edit=("pet: EmbeddedPet | None", "pet: EmbeddedPet"),
    ),
    case(
        "mistold",
        "*|@embed boss",
        "SELECT p.id, boss.name AS boss_name, boss.nick AS boss_nick FROM person AS p"
        " LEFT JOIN person AS boss ON boss.id = p.boss",
        "boss",
        kind="match",
        edit=("present=1", "present=2"),
    ),
    case(
        "listed",
        "*|@group pets = pet",
        "SELECT p.id, pet.number, pet.name FROM person AS p"
        " LEFT JOIN pet ON pet.owner = p.id",
        "pets[].name",
        kind="type",
        edit=("    name: str", "    name: int"),
    ),
    case(
        "padded",
        "*|@group pets = pet",
        "SELECT p.id, pet.number FROM person AS p LEFT JOIN pet ON pet.owner = p.id",
        "pets[].number",
        edit=("present=1, ", ""),
    ),
]

LIES += [
    case(
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
    case(
        "keyed",
        "*",
        "SELECT jsonb_build_object('id', id, 'nick', nick) AS card FROM person",
        "card.nick",
        edit=("nick: str | None", "nick: str"),
    ),
    case(
        "required",
        "*",
        "SELECT json_agg(jsonb_strip_nulls(to_jsonb(person))) AS people FROM person"
        " GROUP BY id",
        "people[].nick",
        kind="type",
        edit=("nick: NotRequired[str]", "nick: str"),
    ),
    case(
        "unlike_numbers",
        "$",
        "SELECT jsonb_object_agg(id, price) AS prices FROM person",
        "prices[]",
        kind="type",
        edit=("int | float | str", "int | float"),
    ),
]

LIES += [
    case(
        "left_out",
        "word*|@column nick not null",
        "SELECT id, nick FROM person\n"
        "WHERE nick = :word -- @optional\n AND price = 0\n",
        "nick",
    ),
    case(
        "left_join",
        "word, kind*|@column pet not null",
        "SELECT p.id, pet.name AS pet FROM person AS p\n"
        "LEFT JOIN pet ON pet.owner = p.id\n"
        "WHERE p.kind = :kind -- @optional\n AND pet.name = :word -- @optional\n",
        "pet",
    ),
    case(
        "paged",
        "row_limit*|@page name, id",
        "SELECT id, name FROM person ORDER BY name, id LIMIT :row_limit",
        kind="error KeyError",
        edit=("(%(cursor_1)s, %(cursor_2)s)", "(%(cursor_1)s, %(cursor_3)s)"),
    ),
    case(
        "ordered",
        "*|@order id = id|@order name = name, id",
        "SELECT id, name FROM person ORDER BY id",
        kind="error KeyError",
        edit=('"name": "name, id"', '"name": "name, id %(less)s"'),
    ),
    case(
        "left_alone",
        "id, name^",
        "SELECT id FROM person\nWHERE id = :id -- @optional\n"
        " AND name = :name -- @optional\n",
        kind="more rows",
    ),
]

#: Of what is said to be one row there are two, which keys keep apart.
TWINS = [
    case(
        "half_a_key",
        "hall, owner, code^",
        "SELECT number FROM seat"
        " WHERE hall = :hall AND owner = :owner AND code = :code",
        kind="more rows",
    ),
    case(
        "other_rows_of_an_index",
        "owner, code^",
        "SELECT hall, number FROM seat WHERE owner = :owner AND code = :code",
        kind="more rows",
    ),
    case(
        "nothing_is_not_unique",
        "owner, code^",
        "SELECT hall, number FROM seat"
        " WHERE badge IS NULL AND owner = :owner AND code = :code",
        kind="more rows",
    ),
    case(
        "two_on_the_other_side",
        "id, name^",
        "SELECT p.id, pet.name AS pet FROM person AS p"
        " JOIN pet ON pet.owner = p.id WHERE p.id = :id AND pet.name = :name",
        kind="more rows",
    ),
]
LIES += TWINS
LIES += [
    case(
        "streamed",
        "*|@stream",
        "SELECT id, nick FROM person",
        kind="stream",
        edit=(
            "iterate(connection, STREAMED)",
            "__import__('contextlib').nullcontext(iter(()))",
        ),
    ),
    case(
        "streamed_twin",
        "*|@stream",
        "SELECT id, nick FROM person",
        kind="type",
        edit=("AsyncIterator[StreamedTwinRow]", "AsyncIterator[int]"),
        edited="aio/streamed_twin.py",
    ),
]
