-- name: list()
-- Return what has names that mean something in Python.
SELECT
    class,
    self,
    date,
    int,
    list,
    datetime,
    connection,
    dataclass,
    "Decimal",
    str,
    l,
    "größe"
FROM trap
ORDER BY class;

-- name: execute(connection, class, int8, date, fetch_all)!
-- Change a row; its parameters are called like things in the module.
UPDATE trap
SET connection = :connection, str = :fetch_all, date = :date
WHERE class = :class AND int < :int8;

-- name: any(date)$
-- Return a day later than the day given.
SELECT (:date::date + 1) AS tomorrow;

-- name: parameters(self, int)*!
-- Change rows.
UPDATE trap SET self = :self WHERE int = :int;

-- name: count()$
-- Return the number of rows.
SELECT count(*) FROM trap;
