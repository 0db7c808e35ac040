-- name: create_entries(kind, label, weight, select)*!
-- Store entries as they are.
-- @raises entry_label_key LabelTaken
INSERT INTO entry (kind, label, weight, "select")
VALUES (:kind, :label, :weight, :select);

-- name: create_weights(label, weight)*!
-- Store entries of two parameters in another order.
INSERT INTO entry (weight, label, kind)
VALUES (:weight * 2, :label, 'task')
ON CONFLICT (label) DO NOTHING;

-- name: create_notes(label, kind)*!
-- record_class: Note
-- Store notes and return each.
INSERT INTO entry (label, kind)
VALUES (lower(:label), coalesce(:kind::kind, 'note'))
RETURNING entry_id, label;

-- name: put_entries(label, weight)*!
-- record_class: Note
-- Store entries or change those there are.
INSERT INTO entry (label, weight, kind)
VALUES (:label, :weight, 'note')
ON CONFLICT (label) DO UPDATE SET weight = excluded.weight
RETURNING entry_id, label;

-- name: relabel(entry_id, label)*!
-- record_class: Note
-- Change labels; None for an entry that is not there.
UPDATE entry SET label = :label
WHERE entry_id = :entry_id
RETURNING entry_id, label;

-- name: create_nodes(node_id, parent_id)*!
-- A key to its own table is checked item by item.
INSERT INTO node (node_id, parent_id) VALUES (:node_id, :parent_id);

-- name: list_notes(label)
-- record_class: Note
-- Return all entries, or those from a label on.
-- @stream
-- @order oldest = entry_id
-- @order label = label, entry_id
SELECT
    entry_id,
    label
FROM entry
WHERE label >= :label -- @optional
ORDER BY entry_id;

-- name: map_entries()
-- Return the entries by their kind.
-- @map entry_id
-- @stream
SELECT
    entry_id,
    kind,
    "select"
FROM entry;

-- name: map_kinds(kind)
-- Return what may follow of the entries, by their numbers.
-- @map entry_id = select
SELECT
    entry_id,
    "select"
FROM entry
WHERE kind = :kind; -- @optional

-- name: map_first_entries()
-- record_class: Note
-- Return the numbers of the entries by their label.
-- @map label = entry_id
SELECT
    entry_id,
    label
FROM entry
ORDER BY label;

-- name: map_labels(kind)
-- record_class: Note
-- Return the entries of a kind by their label.
-- @map label
SELECT
    entry_id,
    label
FROM entry
WHERE kind = :kind -- @optional
ORDER BY label;
