-- name: list_x_class_sql()
SELECT 1 AS one;
