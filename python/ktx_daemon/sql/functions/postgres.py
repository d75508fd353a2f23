"""PostgreSQL's own functions that only compute, and the extensions whose immutable functions do.

Left out although PostgreSQL calls them stable or harmless: what executes a text (`query_to_xml`, `ts_stat`,
`ts_rewrite`), waits, takes locks, reads files of the server, or assigns a transaction number (`txid_current`).
"""

SYNTAX = frozenset("bernoulli columns include nested ordinality passing path repeatable system xmlnamespaces".split())

FUNCTIONS = frozenset(
    """
    abbrev acosd age area array_cat array_dims array_fill array_lower array_ndims array_positions array_replace
    array_reverse array_sample array_shuffle array_to_json array_to_tsvector array_upper asind atan2d atand bound_box
    box broadcast casefold center circle clock_timestamp col_description convert_from convert_to cosd cotd crc32 crc32c
    current_catalog current_query current_schemas current_setting date_bin datemultirange daterange diagonal diameter
    enum_first enum_last enum_range erf erfc factorial family format_type gamma gcd gen_random_uuid generate_subscripts
    get_bit get_byte get_current_ts_config has_any_column_privilege has_column_privilege has_database_privilege
    has_function_privilege has_schema_privilege has_sequence_privilege has_table_privilege has_type_privilege height
    host hostmask inet_client_addr inet_merge inet_same_family inet_server_addr int2 int4multirange int4range
    int8multirange int8range is_normalized isclosed isempty ishorizontal isopen isparallel isperp isvertical
    json_agg_strict json_array_element json_array_elements_text json_build_array json_build_object json_each
    json_each_text json_exists json_extract_path json_object_agg_strict json_object_agg_unique
    json_object_agg_unique_strict json_object_keys json_populate_record json_populate_recordset json_scalar
    json_serialize json_strip_nulls json_table json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_agg
    jsonb_agg_strict jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
    jsonb_build_object jsonb_each jsonb_each_text jsonb_exists jsonb_extract_path jsonb_extract_path_text jsonb_insert
    jsonb_object jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict
    jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query
    jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz
    jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax
    jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours
    justify_interval lcm lgamma line lower_inc lower_inf lseg macaddr8_set7bit make_interval make_timestamptz masklen
    merge_action min_scale money multirange netmask network nextafter normalize npoints num_nonnulls num_nulls
    nummultirange numnode numrange obj_description oid parse_ident path pclose pg_char_to_encoding pg_client_encoding
    pg_collation_for pg_column_compression pg_column_size pg_database_size pg_encoding_to_char pg_function_is_visible
    pg_get_constraintdef pg_get_expr pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
    pg_get_functiondef pg_get_indexdef pg_get_partkeydef pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid
    pg_get_viewdef pg_has_role pg_indexes_size pg_input_is_valid pg_is_in_recovery pg_partition_ancestors
    pg_partition_root pg_partition_tree pg_relation_size pg_size_bytes pg_size_pretty pg_table_is_visible pg_table_size
    pg_total_relation_size pg_type_is_visible pg_typeof phraseto_tsquery plainto_tsquery point polygon popen querytree
    quote_ident quote_literal quote_nullable radius random_normal range_agg range_intersect_agg range_merge regexp_match
    regexp_split_to_array regexp_split_to_table row_security_active scale set_bit set_byte set_masklen setweight
    shobj_description sind slope statement_timestamp string_to_table strip substring_index system_user tand timeofday
    to_ascii to_bin to_jsonb to_oct to_regclass to_regnamespace to_regproc to_regtype to_tsquery to_tsvector
    transaction_timestamp treat trim_array trim_scale ts_debug ts_delete ts_filter ts_headline ts_lexize ts_parse
    ts_rank ts_rank_cd ts_token_type tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array
    unicode_assigned unistr upper_inc upper_inf uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 width
    xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlattributes xmlcomment xmlconcat
    xmlelement xmlexists xmlforest xmlparse xmlpi xmlroot xmlserialize xmltable xmltext xpath xpath_exists
    """.split()
)

XID_ASSIGNING = frozenset({"pg_current_xact_id", "txid_current"})
"""Stable by the catalog, and yet they leave something behind."""

COMPUTING_EXTENSIONS = frozenset(
    """
    btree_gin btree_gist citext cube earthdistance fuzzystrmatch h3 hll hstore intarray isn ltree pg_trgm pgcrypto
    postgis seg timescaledb_toolkit unaccent unit uuid-ossp vector
    """.split()
)
"""Extensions of types and arithmetic. Their immutable functions pass, their stable ones only by the list below."""

EXTENSION_FUNCTIONS = frozenset(
    """
    date_bin_gapfill gen_random_bytes interpolate locf show_limit similarity st_asgeojson st_astext st_transform
    strict_word_similarity unaccent uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 word_similarity
    """.split()
)
