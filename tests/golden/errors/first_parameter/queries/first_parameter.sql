-- name: get_statement(statement)
:statement;
