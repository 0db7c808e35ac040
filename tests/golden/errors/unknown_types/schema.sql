CREATE TYPE shape;
CREATE FUNCTION shape_in(cstring) RETURNS shape
LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION shape_out(shape) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE shape (INPUT = shape_in, OUTPUT = shape_out, LIKE = text);
CREATE TABLE place (id int PRIMARY KEY, shape shape NOT NULL, shapes shape[]);
