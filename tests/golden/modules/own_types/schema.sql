CREATE TYPE ratio;
CREATE FUNCTION ratio_in(cstring) RETURNS ratio
LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION ratio_out(ratio) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE ratio (INPUT = ratio_in, OUTPUT = ratio_out, LIKE = text);
CREATE TYPE note;
CREATE FUNCTION note_in(cstring) RETURNS note
LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION note_out(note) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE note (INPUT = note_in, OUTPUT = note_out, LIKE = text);
CREATE TYPE shape;
CREATE FUNCTION shape_in(cstring) RETURNS shape
LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION shape_out(shape) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE shape (INPUT = shape_in, OUTPUT = shape_out, LIKE = text, DELIMITER = ':');
CREATE TYPE count8;
CREATE FUNCTION count8_in(cstring) RETURNS count8
LANGUAGE internal IMMUTABLE STRICT AS 'int8in';
CREATE FUNCTION count8_out(count8) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'int8out';
CREATE TYPE count8 (INPUT = count8_in, OUTPUT = count8_out, LIKE = int8);
CREATE TYPE float_range AS RANGE (SUBTYPE = float8);
CREATE TYPE text_range AS RANGE (SUBTYPE = text, MULTIRANGE_TYPE_NAME = texts);
CREATE TYPE week AS ENUM ('mon', 'tue', 'wed');
CREATE TYPE week_range AS RANGE (SUBTYPE = week);
CREATE DOMAIN positive_range AS float_range CHECK (lower(value) > 0);
CREATE TABLE span (
    floats float_range NOT NULL,
    several float_multirange,
    names texts,
    days week_range,
    list float_range[],
    positive positive_range
);
CREATE TABLE measure (
    id count8 NOT NULL,
    ratio ratio NOT NULL,
    note note,
    ratios ratio[],
    shapes shape[]
);
