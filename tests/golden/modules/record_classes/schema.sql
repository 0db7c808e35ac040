CREATE TABLE item (id int PRIMARY KEY, name varchar NOT NULL, note text);
