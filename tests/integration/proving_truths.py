"""Queries whose functions do not lie, and some of which a row is hard to get."""

from __future__ import annotations

from proving_cases import Case, case

TRUTHS = [
    case(
        "mapped_nicks",
        "kind*|@map id = nick",
        "SELECT id, nick FROM person WHERE kind = :kind",
    ),
    case(
        "mapped_pets",
        "*|@group pets = pet|@map id",
        "SELECT p.id, pet.number FROM person AS p LEFT JOIN pet ON pet.owner = p.id",
    ),
    case(
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
    case(
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
    case(
        "changed_person",
        "id, name, nick, feeling^|@param feeling = 'sad'",
        "UPDATE person\nSET name = :name, -- @optional\n"
        " nick = :nick, -- @optional\n feeling = :feeling -- @optional\n"
        "WHERE id = :id RETURNING id, name, nick, feeling",
    ),
    case(
        "ordered_people",
        "kind, row_limit*|@order id = id|@order name = name, id|@page",
        "SELECT id, name FROM person\nWHERE kind = :kind -- @optional\n"
        "ORDER BY id LIMIT :row_limit",
    ),
    case(
        "some_documents",
        "*",
        "SELECT jsonb_build_object('person', p, 'pets', coalesce(jsonb_agg(pet)"
        " FILTER (WHERE pet.number IS NOT NULL), '[]'), 'paid', sum(p.price)) AS card,"
        " json_build_object('boss', to_json(b), 'a b', ARRAY[p.nick]) AS more"
        " FROM person AS p LEFT JOIN person AS b ON b.id = p.boss"
        " LEFT JOIN pet ON pet.owner = p.id GROUP BY p.id, b.id",
    ),
    case("some_places", "*", "SELECT to_jsonb(place) AS place FROM place"),
    case("a_place", "*", "SELECT id, home, visitors, scores FROM place"),
    case(
        "a_new_place",
        "id, home, visitors, scores<",
        "INSERT INTO place (id, home, visitors, scores)"
        " VALUES (:id, :home, :visitors, :scores) RETURNING place",
    ),
    case("all_people", "*", "SELECT * FROM person"),
    case("a_person", "id^", "SELECT id, nick, data, born FROM person WHERE id = :id"),
    case("a_number", "$", "SELECT count(*) FROM pet"),
    case("a_nick", "id$", "SELECT nick FROM person WHERE id = :id"),
    case("a_document", "id$", "SELECT data FROM person WHERE id = :id"),
    case(
        "some_people",
        "ids, moods*",
        "SELECT id, tags FROM person WHERE id = ANY(:ids) AND feeling = ANY(:moods)",
    ),
    case("a_pair", "*", "SELECT id, pet_name FROM owned WHERE pet_name IS NOT NULL"),
    case(
        "a_new_pet",
        "owner, name<",
        "INSERT INTO pet (owner, name) VALUES (:owner, :name) RETURNING number, name",
    ),
    case("no_pets", "name!", "DELETE FROM pet WHERE name = :name"),
    case(
        "any_person",
        "name^|@allow uncertain-row-count: nobody minds",
        "SELECT id FROM person WHERE name = :name",
    ),
    case(
        "a_word",
        "*|@type data builtins.dict",
        "SELECT id, data FROM person",
    ),
    case(
        "a_meta",
        "*|@type data proving_classes.Meta",
        "SELECT id, data FROM person",
    ),
    case(
        "a_profile",
        "*|@type data proving_classes.Profile|@type more proving_classes.Profiles"
        "|@type some[] proving_classes.Model",
        "SELECT id, data, json_build_object('a', data, 'b', NULL) AS more,"
        " ARRAY[data, NULL] AS some FROM person WHERE data ? 'since'",
    ),
    case(
        "a_new_profile",
        "id, data<|@type data proving_classes.Struct",
        "INSERT INTO person (id, name, data) VALUES (:id, 'new', :data)"
        " RETURNING id, data",
    ),
]


#: Queries that give a row only where several things come together.
HIDDEN = [
    case("full_halls", "*", "SELECT hall FROM seat GROUP BY hall HAVING count(*) > 2"),
    case("couples", "*", "SELECT id, other FROM partner"),
    case(
        "belongings",
        "id, number, name, nick, code*",
        "SELECT p.born FROM person AS p JOIN pet ON pet.owner = p.id"
        " WHERE p.id = :id AND pet.number = :number AND p.name = :name"
        " AND p.nick = :nick AND p.code = :code",
    ),
    case(
        "constants_at_once",
        "*",
        "SELECT hall FROM seat WHERE owner = 'x' AND code = 'y' AND badge = 'z'",
    ),
]
