-- name: wrong_column(author_id)
SELECT book.titel
FROM book
WHERE book.author_id = :author_id;

-- name: wrong_column_of_another_table(a)
SELECT title
FROM book
WHERE nam = :a;

-- name: type_mismatch(title)
SELECT book_id
FROM book
WHERE published = title AND title = :title;

-- name: type_of_value()
SELECT book_id
FROM book
WHERE published = 5;

-- name: type_of_assignment(book_id)!
UPDATE book SET published = book_id WHERE book_id = :book_id;

-- name: type_of_branches()
SELECT CASE WHEN book_id = 1 THEN title ELSE book_id END AS both
FROM book;

-- name: type_of_arms()
SELECT title FROM book
UNION
SELECT author_id FROM author;

-- name: type_of_condition(book_id)
SELECT title FROM book WHERE title AND book_id = :book_id;

-- name: types_of_parameter(a_long_name_of_a_parameter)
SELECT title
FROM book
WHERE
    book_id = :a_long_name_of_a_parameter
    AND title = :a_long_name_of_a_parameter;

-- name: ambiguous()
SELECT author_id
FROM book
JOIN author USING (book_id);

-- name: ambiguous_name(x)
SELECT author_id
FROM book, author
WHERE book_id = :x;

-- name: ambiguous_function(a, b)
SELECT :a + :b AS sum;

-- name: ambiguous_operator()
SELECT '1' + '2' AS sum, '{}' || '{}' AS joined;

-- name: unknown_function(title)
SELECT uper(:title) AS title;

-- name: wrong_schema()
SELECT pg_catlog.now() AS now;

-- name: wrong_types_for_function(title)
SELECT shelf_of(book_id, title) AS shelf FROM book WHERE title = :title;

-- name: too_few_arguments(book_id)
SELECT shelf_of(:book_id) AS shelf;

-- name: too_many_arguments(book_id)
SELECT shelf_of(:book_id, 2, 3) AS shelf;

-- name: unknown_argument()
SELECT shelf_of(book_id => 1, flor => 2) AS shelf;

-- name: unknown_relation(book_id)
SELECT title FROM boks WHERE book_id = :book_id;

-- name: unknown_relation_in_schema(book_id)
SELECT title FROM library.book WHERE book_id = :book_id;

-- name: unknown_alias()
SELECT b.title FROM book;

-- name: unknown_alias_of_table()
SELECT book.title FROM book AS b;

-- name: later_in_from()
SELECT book.title FROM book JOIN author ON athor.author_id = book.author_id;

-- name: unknown_type(x)
SELECT :x::txt AS x;

-- name: unknown_type_array(x)
SELECT :x::moods[] AS x;

-- name: syntax_keyword(book_id)
SELCT title FROM book WHERE book_id = :book_id;

-- name: syntax_comma(book_id)
SELECT title, FROM book WHERE book_id = :book_id;

-- name: syntax_end(book_id)
SELECT title FROM book WHERE book_id = :book_id AND;

-- name: syntax_bracket(book_id)
SELECT title FROM book WHERE (book_id = :book_id;

-- name: syntax_order()
SELECT title WHERE book_id = 1 FROM book;

-- name: aggregate_in_where()
SELECT title FROM book WHERE count(*) > 1;

-- name: aggregate_nested()
SELECT max(count(*)) AS most FROM book;

-- name: window_in_where()
SELECT title FROM book WHERE row_number() OVER () = 1;

-- name: not_grouped()
SELECT author_id, title, count(*) AS books FROM book GROUP BY author_id;

-- name: not_grouped_at_all()
SELECT title, count(*) AS books FROM book;

-- name: duplicate_alias()
SELECT a.title
FROM book AS a
JOIN author AS a ON true;

-- name: duplicate_with()
WITH a AS (SELECT 1), a AS (SELECT 2)
SELECT * FROM a;

-- name: unknown_operator(title)
SELECT title FROM book WHERE title == :title;

-- name: operator_types()
SELECT title || tags AS both, book_id -> 'x' AS y FROM book;

-- name: enum_literal(name)!
UPDATE author SET mood = 'hapy' WHERE name = :name;

-- name: enum_comparison()
SELECT name FROM author WHERE mood IN ('sad', 'glad');

-- name: integer_literal()
SELECT title FROM book WHERE book_id = 'one';

-- name: date_literal()
SELECT title FROM book WHERE published > '2020-13-01';

-- name: json_literal()
SELECT '{"a": }'::jsonb AS value;

-- name: undetermined(a)
SELECT :a AS a, :a IS NULL AS b;

-- name: insert_column(title)!
INSERT INTO book (book_id, titl) VALUES (1, :title);

-- name: insert_too_many(title)!
INSERT INTO book (book_id, title) VALUES (1, :title, 3);

-- name: insert_too_few(title)!
INSERT INTO book (book_id, title) VALUES (:title);

-- name: update_column(title)!
UPDATE book SET titel = :title WHERE book_id = 1;

-- name: insert_twice(title)!
INSERT INTO book (title, title) VALUES (:title, :title);

-- name: no_constraint()<!
INSERT INTO book (book_id, title) VALUES (1, 'a')
ON CONFLICT (title) DO NOTHING RETURNING book_id;

-- name: no_constraint_named()<!
INSERT INTO book (book_id, title) VALUES (1, 'a')
ON CONFLICT ON CONSTRAINT book_key DO NOTHING RETURNING book_id;

-- name: subquery_columns()
SELECT (SELECT book_id, title FROM book) AS both FROM author;

-- name: union_columns()
SELECT title FROM book UNION SELECT name, mood FROM author;

-- name: order_by_expression()
SELECT DISTINCT title FROM book ORDER BY book_id;

-- name: order_by_position()
SELECT title FROM book ORDER BY 3;

-- name: limit_column()
SELECT title FROM book LIMIT book_id;

-- name: cast_fails(tags)
SELECT :tags::int[]::date AS day;

-- name: collation()
SELECT title COLLATE "de_XX" AS title FROM book;

-- name: composite_field()
SELECT (book).titel AS title FROM book;

-- name: permission()
SELECT nextval('book_id_seq') AS id;

-- name: scripts()#
CREATE TABLE shelf (id int);
INSERT INTO shelf (id, nam)
VALUES (1, 'a');
