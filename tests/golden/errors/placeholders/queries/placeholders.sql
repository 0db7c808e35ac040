-- name: list_slices(low, high, value)
-- Each of these can be read in two ways.
SELECT
    shelf[:low] AS element_or_slice,
    shelf[1:high] AS column_or_parameter,
    shelf[1::high] AS cast_or_slice,
    json_object('key':value) AS colon_or_parameter,
    shelf:::low AS cast_or_parameter,
    :value.field AS attribute_or_field
FROM library;

-- name: list_numbers(number)
SELECT
    $1 AS numbered,
    :'number' AS quoted,
    :"number" AS named,
    : number AS apart
FROM library
LIMIT:number;
