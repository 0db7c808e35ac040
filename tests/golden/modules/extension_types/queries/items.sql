-- name: list_items()
-- record_class: Item
-- Return all items.
SELECT
    id,
    areas,
    attributes,
    former,
    isbn,
    names,
    path,
    paths,
    place
FROM item
ORDER BY id;

-- name: create_item(id, areas, attributes, former, isbn, names, path, paths, place)!
-- Create an item.
INSERT INTO item (
    id,
    areas,
    attributes,
    former,
    isbn,
    names,
    path,
    paths,
    place
)
VALUES (
    :id,
    :areas,
    :attributes,
    :former,
    :isbn,
    :names,
    :path,
    :paths,
    :place
);

-- name: list_paths_below(path)
-- Return the paths below a path.
SELECT
    path,
    paths
FROM item
WHERE path <@ :path
ORDER BY id;

-- name: get_attribute(attributes, name)$
-- Return one of some attributes.
SELECT :attributes::extensions.hstore OPERATOR(extensions.->) :name::text AS attribute;
