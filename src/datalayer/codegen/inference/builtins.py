"""Facts about PostgreSQL's own functions: which return NULL, and when.

`proisstrict` says that NULL gives NULL; it does not say that a value gives a value.
So a strict function of PostgreSQL is trusted when no attack made it give NULL (see
`facts`), and one that is not strict only when it stands in `_DECISIVE`.
Functions that PostgreSQL did not bring itself are never trusted.
A key is a name, or a name with its argument types when only some of them matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalayer.codegen.inference.facts import always_gives_a_value

if TYPE_CHECKING:
    from datalayer.codegen.function_catalog import Function

#: Strict, and NULL for some values that no attack is sure to hit upon.
_NULLABLE = frozenset(
    {
        "close_sb",
        "current_schema",
        "currtid2",
        "mxid_age",
        "ts_lexize",
    }
)

#: Whole families that look things up, and so may find nothing.
_NULLABLE_FAMILIES = ("has_", "lo_", "pg_", "to_reg", "txid_", "binary_upgrade_")

#: The members of these families that always find something.
_ALWAYS_FOUND = frozenset(
    {
        "lo_creat",
        "lo_create",
        "lo_from_bytea",
        "lo_get",
        "pg_advisory_unlock",
        "pg_advisory_unlock_shared",
        "pg_backend_pid",
        "pg_blocking_pids",
        "pg_cancel_backend",
        "pg_client_encoding",
        "pg_column_size",
        "pg_conf_load_time",
        "pg_current_snapshot",
        "pg_current_wal_flush_lsn",
        "pg_current_wal_insert_lsn",
        "pg_current_wal_lsn",
        "pg_current_xact_id",
        "pg_export_snapshot",
        "pg_input_is_valid",
        "pg_is_in_recovery",
        "pg_jit_available",
        "pg_lsn_eq",
        "pg_lsn_ge",
        "pg_lsn_gt",
        "pg_lsn_larger",
        "pg_lsn_le",
        "pg_lsn_lt",
        "pg_lsn_mi",
        "pg_lsn_mii",
        "pg_lsn_ne",
        "pg_lsn_pli",
        "pg_lsn_smaller",
        "pg_my_temp_schema",
        "pg_notification_queue_usage",
        "pg_postmaster_start_time",
        "pg_size_bytes",
        "pg_size_pretty",
        "pg_snapshot_xmax",
        "pg_snapshot_xmin",
        "pg_terminate_backend",
        "pg_trigger_depth",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
        "pg_try_advisory_xact_lock",
        "pg_try_advisory_xact_lock_shared",
        "pg_visible_in_snapshot",
        "pg_wal_lsn_diff",
        "txid_current",
        "txid_current_snapshot",
        "txid_snapshot_xmax",
        "txid_snapshot_xmin",
        "txid_visible_in_snapshot",
    }
)

#: Not strict: NULL exactly when one of the arguments at these positions is.
_DECISIVE: dict[str, tuple[int, ...]] = {
    "array_append": (),
    "array_positions": (0,),
    "array_prepend": (),
    "array_remove": (0,),
    "array_replace": (0,),
    "array_to_string(anyarray,text,text)": (0, 1),
    "concat": (),
    "concat_ws": (0,),
    "daterange": (),
    "enum_first": (),
    "enum_last": (),
    "enum_range": (),
    "format": (0,),
    "format_type": (0,),
    "int4range": (),
    "int8range": (),
    "json_build_array": (),
    "json_build_object": (),
    "jsonb_build_array": (),
    "jsonb_build_object": (),
    "jsonb_set_lax": (0, 1, 3),
    "num_nonnulls": (),
    "num_nulls": (),
    "numrange": (),
    "pg_typeof": (),
    "quote_nullable": (),
    "string_to_array": (0,),
    "tsrange": (),
    "tstzrange": (),
}

#: Not strict: NULL exactly when all arguments are.
_ALL_NULL = frozenset({"array_cat"})

#: Fields of `extract` and `date_part` that infinity has as well.
FIELDS_OF_INFINITY = frozenset(
    {"century", "decade", "epoch", "isoyear", "julian", "millennium", "year"}
)
#: Fields that only an infinite interval has as well.
FIELDS_OF_INFINITE_INTERVALS = frozenset({"day", "hour", "week"})
FIELD_FUNCTIONS = frozenset({"date_part", "extract"})
#: NULL only where they are told to be silent about errors.
PATH_TESTS = frozenset({"jsonb_path_exists", "jsonb_path_exists_tz"})

#: Aggregates that give a value even for no rows at all.
NEVER_NULL_AGGREGATES = frozenset(
    {"count", "cume_dist", "dense_rank", "percent_rank", "rank", "regr_count"}
)
#: Aggregates that give a value as soon as a row arrives, even one of NULLs.
ROW_AGGREGATES = frozenset(
    {
        "array_agg",
        "json_agg",
        "json_agg_strict",
        "json_object_agg",
        "json_object_agg_strict",
        "json_object_agg_unique",
        "json_object_agg_unique_strict",
        "jsonb_agg",
        "jsonb_agg_strict",
        "jsonb_object_agg",
        "jsonb_object_agg_strict",
        "jsonb_object_agg_unique",
        "jsonb_object_agg_unique_strict",
    }
)
#: Aggregates that give a value as soon as a row arrives whose arguments are not NULL.
VALUE_AGGREGATES = frozenset(
    {
        "any_value",
        "avg",
        "bit_and",
        "bit_or",
        "bit_xor",
        "bool_and",
        "bool_or",
        "covar_pop",
        "every",
        "max",
        "min",
        "mode",
        "percentile_cont",
        "percentile_disc",
        "range_agg",
        "range_intersect_agg",
        "regr_avgx",
        "regr_avgy",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "stddev_pop",
        "string_agg",
        "sum",
        "var_pop",
        "xmlagg",
    }
)
#: Aggregates whose first argument alone decides.
FIRST_ARGUMENT_AGGREGATES = frozenset({"string_agg"})

#: Window functions that always give a value.
NEVER_NULL_WINDOWS = frozenset(
    {"cume_dist", "dense_rank", "percent_rank", "rank", "row_number"}
)
#: Window functions that give a row of the frame, which has to contain one.
FRAME_WINDOWS = frozenset({"first_value", "last_value"})

#: For set-returning functions, whether each of their columns can be NULL.
_SETS: dict[str, tuple[bool, ...]] = {
    "aclexplode": (False, False, False, False),
    "generate_series": (False,),
    "generate_subscripts": (False,),
    "json_array_elements": (False,),
    "json_each": (False, False),
    "json_each_text": (False, True),
    "json_object_keys": (False,),
    "jsonb_array_elements": (False,),
    "jsonb_each": (False, False),
    "jsonb_each_text": (False, True),
    "jsonb_object_keys": (False,),
    "jsonb_path_query": (False,),
    "jsonb_path_query_tz": (False,),
    "pg_get_keywords": (False, False, False, False, False),
    "pg_listening_channels": (False,),
    "pg_snapshot_xip": (False,),
    "pg_timezone_names": (False, False, False, False),
    "regexp_matches": (False,),
    "regexp_split_to_table": (False,),
    "string_to_table(text,text)": (False,),
    "ts_parse": (False, False),
    "ts_stat": (False, False, False),
    "ts_token_type": (False, False, False),
    "txid_snapshot_xip": (False,),
    "unnest(anymultirange)": (False,),
    "unnest(tsvector)": (False, True, True),
}


def decisive_arguments(function: Function, count: int) -> tuple[int, ...] | None:
    """Return the arguments that make a call NULL; None when others can as well.

    `count` is the number of arguments of the call.
    """
    if not function.builtin or function.returns_set:
        return None
    for key in (function.signature, function.name):
        if key in _NULLABLE:
            return None
        if key in _DECISIVE:
            return _DECISIVE[key]
    if not function.strict or may_find_nothing(function):
        return None
    trusted = function.name in _ALWAYS_FOUND or always_gives_a_value(function.signature)
    return tuple(range(count)) if trusted else None


def may_find_nothing(function: Function) -> bool:
    """Return whether a function belongs to those that look things up."""
    family = function.name.startswith(_NULLABLE_FAMILIES)
    return family and function.name not in _ALWAYS_FOUND


def null_when_all_are(function: Function) -> bool:
    """Return whether a call is NULL exactly when all of its arguments are."""
    return function.builtin and function.name in _ALL_NULL


def set_columns(function: Function) -> tuple[bool, ...]:
    """Return which columns of a set-returning function can be NULL."""
    if not function.builtin:
        return ()
    for key in (function.signature, function.name):
        if key in _SETS:
            return _SETS[key]
    return ()


def is_transparent(function: Function) -> bool:
    """Return whether a call is NULL only because of its arguments."""
    return decisive_arguments(function, 0) is not None or null_when_all_are(function)
