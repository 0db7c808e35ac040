-- name: list_spans()
-- record_class: Span
-- Return all spans.
SELECT
    floats,
    several,
    names,
    days,
    list,
    positive
FROM span;

-- name: create_span(floats, several, names, days, list, positive)!
-- Create a span.
INSERT INTO span (floats, several, names, days, list, positive)
VALUES (:floats, :several, :names, :days, :list, :positive);

-- name: list_spans_with(number)
-- record_class: Span
-- Return the spans that contain a number.
SELECT
    floats,
    several,
    names,
    days,
    list,
    positive
FROM span
WHERE floats @> :number::float8;
