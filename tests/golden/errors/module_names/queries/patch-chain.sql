-- name: list_x_patch_chain_sql()
SELECT 1 AS one;
