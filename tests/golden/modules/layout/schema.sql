CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE entry (id int PRIMARY KEY, state state NOT NULL, states state[], body text NOT NULL);
