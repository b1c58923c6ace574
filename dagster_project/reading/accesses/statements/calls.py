"""Finds the calls of a statement that may read tables of their own: of functions not known to be PostgreSQL's, of blocks and of prepared statements."""

from sqlglot import exp

from dagster_project.reading.accesses.fields import words
from dagster_project.reading.accesses.statements.scopes import folded

_COMMANDS = {"DO", "CALL", "EXECUTE"}
# Functions of PostgreSQL that the parser has no name of its own for and that read no table.
_HARMLESS = words("""
    age all array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions array_prepend array_remove array_replace
    array_to_json array_upper ascii bit_length btrim cardinality char_length character_length clock_timestamp col_description concat_ws convert_from convert_to crc32
    current_database current_schema current_schemas current_setting currval date_bin decode digest div encode every extract factorial format format_type
    gen_random_uuid get_byte has_column_privilege has_database_privilege has_schema_privilege has_table_privilege hashtext host inet_client_addr inet_server_addr
    initcap isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text
    json_extract_path json_extract_path_text json_object json_object_agg json_object_keys json_populate_record json_strip_nulls json_to_record json_to_recordset
    json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query jsonb_path_query_array
    jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval
    lastval localtime localtimestamp ltrim make_date make_interval make_time make_timestamp make_timestamptz masklen mode network nextval now num_nonnulls num_nulls
    obj_description octet_length overlay parse_ident percent_rank quote_ident quote_literal quote_nullable random regexp_match regexp_matches regexp_split_to_array
    regexp_split_to_table reverse row row_to_json rtrim session_user set_config setseed setval shobj_description similarity some statement_timestamp string_to_array
    string_to_table strpos substr timeofday timezone to_ascii to_hex to_json to_jsonb to_regclass to_regproc to_regtype to_tsquery to_tsvector transaction_timestamp
    translate trim_array trunc ts_headline ts_rank ts_rank_cd txid_current unistr unnest upper_inc user version websearch_to_tsquery width_bucket word_similarity
""")
_FILES = ("pg_read", "pg_ls", "pg_stat_file", "pg_logical", "pg_get_viewdef")


def calls(tree: exp.Expr) -> set[str]:
    """Return the names, without schema, of the functions that may read any table; an empty name for a block or a prepared statement."""
    if isinstance(tree, exp.Command):
        return {""} if str(tree.this).upper() in _COMMANDS else set()
    found = tree.find_all(exp.Anonymous, exp.Dot, exp.ExecuteAsProperty)
    return {_function(call) for call in found if isinstance(call, exp.ExecuteAsProperty) or _is_foreign(call)}


def is_from_function(tree: exp.Expr) -> bool:
    """Tell whether a query reads from a function as from a table, so that PostgreSQL may inline it."""
    return any(isinstance(call.parent, exp.Table | exp.Lateral) and _is_foreign(call) for call in tree.find_all(exp.Anonymous, exp.Dot))


def _function(call: exp.Expr) -> str:
    name = call.expression.this if isinstance(call, exp.Dot) else call.this if isinstance(call, exp.Anonymous) else ""
    return name.lower() if isinstance(name, str) else ""


def _is_foreign(call: exp.Expr) -> bool:
    if isinstance(call, exp.Dot):
        return isinstance(call.expression, exp.Func) and folded(call.this) != "pg_catalog"
    name = str(call.this).lower()
    return name.startswith(_FILES) or not (name in _HARMLESS or name.startswith("pg_") or name.upper() in exp.FUNCTION_BY_NAME)
