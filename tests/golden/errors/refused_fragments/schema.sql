CREATE TABLE item (
    item_id int PRIMARY KEY,
    label text NOT NULL,
    owner_id int,
    is_public boolean NOT NULL,
    closed_at timestamptz
);
CREATE TABLE tag (
    item_id int NOT NULL REFERENCES item,
    tag text NOT NULL,
    PRIMARY KEY (item_id, tag)
);
