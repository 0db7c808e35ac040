-- name: list_x_aio_sql()
SELECT 1 AS one;
