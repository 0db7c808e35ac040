-- name: list_x_library_books_sql()
SELECT 1 AS one;
