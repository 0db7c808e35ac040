-- name: library()
SELECT 1 AS one;
