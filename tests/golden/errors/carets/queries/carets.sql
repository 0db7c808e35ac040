-- name: after_long_names(a_name_that_is_much_longer_than_its_number)
SELECT id FROM book WHERE id = :a_name_that_is_much_longer_than_its_number AND titel = 'a';

-- name: after_short_names(a, b, c, d, e, f, g, h, i, j, k)
SELECT :a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k::int, titel FROM book;

-- name: at_a_name(a)
SELECT :a IS NULL;

-- name: on_a_late_line(low, high)
SELECT
    id, -- the key, :not a parameter
    /* of
       the */ title
FROM book
WHERE
    id BETWEEN :low AND :high
    AND (
        title = 'a
:text in a string'
        OR titel = 'b'
    );

-- name: after_tabs(id)
SELECT
	id
FROM	book
WHERE	id	=	:id	AND	titel	=	'a';

-- name: after_wide_letters(id)
SELECT '日本語', '한국', 'ｗｉｄｅ', '🐘🐘', titel FROM book WHERE id = :id;

-- name: after_combining_marks(id)
SELECT 'éä', 'ﷺ', '👩‍👩', titel FROM book WHERE id = :id;

-- name: under_wide_letters(id)
SELECT id AS größe, 日本語 FROM book WHERE id = :id;

-- name: at_a_quoted_name(id)
SELECT "id", "the Title" FROM book WHERE id = :id;

-- name: at_the_end(id)
SELECT id FROM book WHERE id = :id AND

-- name: at_several_lines(id)
SELECT id FROM book WHERE id = :id AND id = 'one
two';
