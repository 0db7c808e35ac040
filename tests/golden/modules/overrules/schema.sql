CREATE TABLE item (id int PRIMARY KEY, name text, tags text[] NOT NULL);
