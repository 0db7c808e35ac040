-- name: list_x_library_sql()
SELECT 1 AS one;
