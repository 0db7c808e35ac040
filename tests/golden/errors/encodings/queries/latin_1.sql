-- name: get_caf()
SELECT 'café' AS name;
