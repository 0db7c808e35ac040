CREATE TABLE trap (
    "class" int PRIMARY KEY,
    "self" text NOT NULL,
    date date NOT NULL,
    int int NOT NULL,
    list int[] NOT NULL,
    "datetime" timestamptz NOT NULL,
    connection text,
    "dataclass" bool,
    "Decimal" numeric,
    str text,
    l int,
    "größe" float8
);
