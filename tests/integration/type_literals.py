"""Values of each type that a column can have, as PostgreSQL reads them."""

from __future__ import annotations

_POINTS = ("(0,0)", "(1.5,-2)", "(1e+300,-1e-300)", "(Infinity,-Infinity)")
_REALS = ("0", "1.5", "-1", "NaN", "Infinity", "-Infinity")
_TEXTS = ("a", "", " ", "NULL", "a'b\"c\\d", "{a,b}", "é😀", "line\nbreak")
_ASCII = ("a", "", "NULL", "a'b\"c\\d", "{a,b}")


def _integers(bits: int) -> tuple[str, ...]:
    edge = 2 ** (bits - 1)
    return ("0", "1", "-1", str(edge - 1), str(-edge))


#: By the name of the type in `pg_catalog`.
LITERALS: dict[str, tuple[str, ...]] = {
    "aclitem": ("=r/postgres", "postgres=arwd/postgres"),
    "bit": ("0", "1"),
    "bool": ("true", "false"),
    "box": ("(1,1),(0,0)", "(1e+300,2),(-1.5,-Infinity)"),
    "bpchar": _TEXTS,
    "bytea": ("\\x", "\\x00ff", "\\x" + "5c" * 300),
    "char": ("a", "\\", '"', "\x01"),
    "cid": ("0", "4294967295"),
    "cidr": ("10.0.0.0/8", "0.0.0.0/0", "127.0.0.1/32", "::/0", "2001:db8::/32"),
    "circle": ("<(0,0),1>", "<(1.5,-2),0>"),
    "date": ("2024-02-29", "0001-01-01", "9999-12-31", "epoch"),
    "datemultirange": ("{}", "{[2024-01-01,2024-02-01),[2025-01-01,)}", "{(,)}"),
    "daterange": ("empty", "[2024-01-01,2024-02-01)", "(,2024-01-01)", "(,)"),
    "float4": (*_REALS, "3.4028235e+38", "1e-45", "0.1"),
    "float8": (*_REALS, "1.7976931348623157e+308", "5e-324", "0.1"),
    "inet": ("127.0.0.1", "10.0.0.1/8", "0.0.0.0/0", "::1", "fe80::1/64"),
    "int2": _integers(16),
    "int2vector": ("", "1", "1 -2 32767"),
    "int4": _integers(32),
    "int4multirange": ("{}", "{[1,2),[5,)}", "{(,)}"),
    "int4range": ("empty", "[1,2)", "(,5)", "[-2147483648,)", "(,)"),
    "int8": _integers(64),
    "int8multirange": ("{}", "{[1,2),[5,)}"),
    "int8range": ("empty", "[1,2)", "[-9223372036854775808,)"),
    "interval": (
        *("0", "1 day", "-1 day -00:00:01", "00:00:00.000001"),
        *("1 year 2 mons 3 days 04:05:06", "-10 years", "1 mon -1 day"),
    ),
    "json": ("{}", "[null]", '{"a": [1, 1.5, true, "é", null]}', '"a"', "1e3"),
    "jsonb": ("{}", "[null]", '{"a": [1, 1.5, true, "é", null]}', '"a"', "12"),
    "jsonpath": ('$."a"', 'strict $."a"[*]?(@ > 1)'),
    "line": ("{1,2,3}", "{0,-1,1.5}"),
    "lseg": ("[(0,0),(1,1)]", "[(1.5,-2),(1e+300,0)]"),
    "macaddr": ("08:00:2b:01:02:03", "00:00:00:00:00:00"),
    "macaddr8": ("08:00:2b:01:02:03:04:05",),
    "money": ("$1.50", "-$92,233,720,368,547,758.08", "$0.00"),
    "name": (*_ASCII, "a" * 63),
    "numeric": (
        *("0", "1", "-1.50", "NaN", "Infinity", "-Infinity", "1e-9"),
        *("9" * 100, "0." + "1" * 100),
    ),
    "nummultirange": ("{}", "{[1.5,2),[5,)}"),
    "numrange": ("empty", "[1.5,2]", "(-Infinity,0)", "(,)"),
    "oid": ("0", "1", "4294967295"),
    "oidvector": ("", "1 4294967295"),
    "path": ("((0,0),(1,1))", "[(0,0),(1.5,-2)]"),
    "pg_lsn": ("0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"),
    "pg_snapshot": ("10:20:10,14,15", "1:1:"),
    "point": _POINTS,
    "polygon": ("((0,0),(1,1),(1,0))",),
    "refcursor": _TEXTS,
    "regclass": ("pg_class", '"Quo""ted"'),
    "regcollation": ('"C"', "-"),
    "regconfig": ("simple", "-"),
    "regdictionary": ("simple", "-"),
    "regnamespace": ("pg_catalog", "-"),
    "regoper": ("*<>", "0"),
    "regoperator": ("+(integer,integer)", "0"),
    "regproc": ("now", "-"),
    "regprocedure": ("abs(bigint)", "-"),
    "regrole": ("postgres", "-"),
    "regtype": ("integer", "character varying", "text[]", "-"),
    "text": _TEXTS,
    "tid": ("(0,1)", "(4294967295,65535)"),
    "time": ("00:00:00", "12:30:00", "23:59:59.999999"),
    "timestamp": ("2024-02-29 12:30:00", "0001-01-01", "9999-12-31 23:59:59.999999"),
    "timestamptz": (
        *("2024-02-29 12:30:00+02", "0001-01-01 00:00:00+00"),
        "9999-12-31 23:59:59.999999+00",
    ),
    "timetz": ("00:00:00+00", "12:30:00+05:30", "23:59:59.999999-15:59"),
    "tsmultirange": ("{}", "{[2024-01-01,2024-02-01)}"),
    "tsquery": ("", "'a'", "'a' & !'b' <2> 'c':*A"),
    "tsrange": ("empty", "[2024-01-01,2024-02-01)", "(,9999-12-31 23:59:59.999999]"),
    "tstzmultirange": ("{}", "{[2024-01-01 00:00+00,2024-02-01 00:00+00)}"),
    "tstzrange": ("empty", "[2024-01-01 00:00+00,)"),
    "tsvector": ("", "'a' 'b'", "'a b':1A,2 'c''d':16383"),
    "txid_snapshot": ("10:20:10,14,15", "1:1:"),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ),
    "varbit": ("", "1", "0" * 100),
    "varchar": _TEXTS,
    "xid": ("0", "4294967295"),
    "xid8": ("0", "18446744073709551615"),
}

#: By the extension and the name of the type.
EXTENSIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("citext", "citext"): _TEXTS,
    ("cube", "cube"): ("(1, 2, 3)", "(0),(1)", "(1e+300)"),
    ("hstore", "hstore"): (
        *("", '"a"=>"1"', '"a"=>NULL', '"a"=>"NULL", "b"=>""', '""=>"x"'),
        *('"k=>\\"v\\\\,"=>"é, {a}"', '"line\nbreak"=>"a\tb"'),
    ),
    ("intarray", "query_int"): ("1", "1 & 2 | !3"),
    ("isn", "ean13"): ("978-0-393-04002-9",),
    ("isn", "isbn"): ("0-393-04002-X",),
    ("isn", "isbn13"): ("978-0-393-04002-9",),
    ("isn", "ismn"): ("M-060-11561-5",),
    ("isn", "ismn13"): ("979-0-060-11561-5",),
    ("isn", "issn"): ("1436-4522",),
    ("isn", "issn13"): ("977-1436-452-00-8",),
    ("isn", "upc"): ("220500074626",),
    ("ltree", "lquery"): ("Top.*.A", "*{2}"),
    ("ltree", "ltree"): ("Top.Child.A", ""),
    ("ltree", "ltxtquery"): ("Europe & Russia*@",),
    ("seg", "seg"): ("1.5", "1 .. 2", "<3"),
    ("vector", "halfvec"): ("[1,2,3]", "[0.5]"),
    ("vector", "sparsevec"): ("{1:1.5,3:2}/5", "{}/2"),
    ("vector", "vector"): ("[1,2,3]", "[0.1]"),
}

#: What a result can have but no literal makes: a query that returns a value.
RESULTS: dict[str, str] = {
    "anyarray": (
        "SELECT stavalues1 AS value FROM pg_statistic"
        " WHERE stavalues1 IS NOT NULL LIMIT 1"
    ),
    "cstring": "SELECT textout('a') AS value",
    "cstring_list": "SELECT CAST('{a,NULL}' AS cstring[]) AS value",
    "pg_dependencies": (
        "SELECT stxddependencies AS value FROM pg_statistic_ext_data LIMIT 1"
    ),
    "pg_mcv_list": "SELECT stxdmcv AS value FROM pg_statistic_ext_data LIMIT 1",
    "pg_ndistinct": "SELECT stxdndistinct AS value FROM pg_statistic_ext_data LIMIT 1",
    "pg_node_tree": (
        "SELECT prosqlbody AS value FROM pg_proc"
        " WHERE prosqlbody IS NOT NULL ORDER BY oid LIMIT 1"
    ),
    "record": "SELECT (1, 'a'::text, NULL::date) AS value",
    "record_list": "SELECT ARRAY[(1, 'a'::text), NULL] AS value",
    "unknown": "SELECT 'a'::unknown AS value",
    "void": "SELECT pg_sleep(0) AS value",
}

#: The pseudo-types that no value has: they stand for others in declarations of
#: functions, or for what only the server itself handles.
PLACEHOLDERS = {
    "any",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "event_trigger",
    "fdw_handler",
    "index_am_handler",
    "internal",
    "language_handler",
    "pg_ddl_command",
    "table_am_handler",
    "trigger",
    "tsm_handler",
}

#: What the embedded server cannot make or show: its statement says why.
VALUELESS: dict[str, str] = {
    "gtsvector": "cannot accept a value of type gtsvector",
    "pg_brin_bloom_summary": "cannot accept a value of type pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary": (
        "cannot accept a value of type brin_minmax_multi_summary"
    ),
    "xml": "unsupported XML feature",
}
