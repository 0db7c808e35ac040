-- name: list_x_my_books_a_sql()
SELECT 1 AS one;
