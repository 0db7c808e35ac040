CREATE SCHEMA shop;
CREATE DOMAIN email_address AS text CHECK (value LIKE '%@%');
CREATE DOMAIN work_address AS email_address;
CREATE DOMAIN price AS numeric(10, 2);
CREATE DOMAIN shop.price AS int;
CREATE DOMAIN opening AS tstzrange;
CREATE DOMAIN flag AS bool;
CREATE DOMAIN document AS jsonb;
CREATE DOMAIN names AS text [];
CREATE TYPE contact AS (email email_address, flag flag);
CREATE DOMAIN owner AS contact;
CREATE TABLE customer (
    id int PRIMARY KEY,
    email email_address NOT NULL,
    work work_address,
    price price,
    shop_price shop.price,
    opening opening,
    flag flag,
    document document,
    names names,
    owner owner,
    emails email_address [] NOT NULL
);
