CREATE SCHEMA kitchen;
CREATE TYPE mood AS ENUM ('happy', 'so-so', 'quote "d" \');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN numbers AS int [];
CREATE TYPE address AS (street text, number int);
CREATE TYPE kitchen.address AS (shelf int);
CREATE DOMAIN home AS address CHECK ((value).street <> '');
CREATE TYPE nothing AS ();
CREATE TYPE everything AS (
    a_bool bool,
    a_bytea bytea,
    a_cidr cidr,
    a_date date,
    a_float float8,
    a_inet inet,
    a_int2 int2,
    a_int8 int8,
    a_json json,
    a_jsonb jsonb,
    a_mood mood,
    a_multirange datemultirange,
    a_numeric numeric,
    a_oid oid,
    a_range tstzrange,
    a_real float4,
    a_text text,
    a_time time,
    a_timestamp timestamp,
    a_timestamptz timestamptz,
    a_timetz timetz,
    a_tsrange tsrange,
    a_uuid uuid,
    a_varchar varchar(10),
    a_positive positive,
    an_interval interval,
    an_address address,
    a_home home,
    a_shelf kitchen.address,
    boxes box [],
    bytes bytea [],
    moods mood [],
    positives positive [],
    lists numbers [],
    addresses address [],
    homes home [],
    times timestamptz [],
    texts text []
);
CREATE TYPE awkward AS (
    "class" int,
    "int" int,
    "date" date,
    "two words" text,
    "two-words" text,
    "__x" text,
    "?" text,
    "1" text,
    "Uuid" uuid
);
CREATE TABLE person (
    id int PRIMARY KEY,
    gone text,
    name text NOT NULL,
    home address,
    homes home [] NOT NULL DEFAULT '{}',
    everything everything,
    awkward awkward,
    nothing nothing,
    lists numbers [],
    boxes box [],
    moods mood [],
    positives positive []
);
ALTER TABLE person DROP COLUMN gone;
CREATE VIEW named AS SELECT id, name FROM person;
