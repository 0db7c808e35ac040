CREATE SCHEMA kitchen;
CREATE TYPE mood AS ENUM ('happy', 'so-so', '3 times sad', 'so so', '', 'mood "swing" \');
CREATE TYPE heat AS ENUM ('low', 'high');
CREATE TYPE kitchen.heat AS ENUM ('low', 'medium', 'high');
CREATE TABLE person (
    id int PRIMARY KEY,
    mood mood NOT NULL,
    moods mood[] NOT NULL,
    heat heat,
    kitchen_heat kitchen.heat
);
