"""What most databases share: words before a parenthesis that call nothing, types with parameters, plain functions."""

SYNTAX = frozenset(
    """
    all and anti any as asc between by case cross desc distinct else end escape except exists fetch filter first for
    from full group having ilike in inner intersect into is isnull join lateral left like limit materialized minus
    natural next not notnull null nulls of offset on only or order outer over partition pivot qualify recursive respect
    right rlike row rows select semi sets similar some table tablesample then ties top union unnest unpivot using values
    when where window with within without xor
    """.split()
)
"""Unquoted, these are syntax. A function of such a name could only be called in quotes."""

TYPES = frozenset(
    """
    array bigdecimal bigint bignumeric binary bit blob bool boolean bpchar char character clob date datetime datetime2
    datetime64 datetimeoffset dec decimal decimal128 decimal256 decimal32 decimal64 double enum enum16 enum8 fixedstring
    float geography geometry halfvec hugeint int int4 int8 integer interval json jsonb list lowcardinality map mediumint
    national nchar nested nullable number numeric nvarchar nvarchar2 object precision raw real set smallint string
    struct text time timestamp timestamp_ltz timestamp_ntz timestamp_tz timestampltz timestampntz timestamptz timetz
    tinyint tuple union utinyint varbinary varbit varchar varchar2 variant varying vector year zone
    """.split()
)
"""Types that take a length, a precision or other types. Called as functions they convert a value."""

FUNCTIONS = frozenset(
    """
    abs acos acosh any_value approx_count_distinct approx_distinct approx_percentile approx_quantiles array_agg
    array_append array_concat array_contains array_distinct array_length array_max array_min array_position
    array_prepend array_remove array_size array_slice array_sort array_to_string arrays_overlap ascii asin asinh atan
    atan2 atanh avg bit_and bit_count bit_length bit_or bit_xor bool_and bool_or btrim cardinality cast cbrt ceil
    ceiling char_length character_length chr coalesce collate concat concat_ws contains convert corr cos cosh cot count
    count_if countif covar_pop covar_samp cube cume_dist current_database current_date current_role current_schema
    current_time current_timestamp current_user date_add date_diff date_format date_part date_sub date_trunc dateadd
    datediff datename datepart day dayname dayofmonth dayofweek dayofyear decode degrees dense_rank div element_at
    encode ends_with endswith every exp explode extract first_value flatten floor format from_base64 from_hex
    from_unixtime generate_series greatest group_concat grouping grouping_id hex hour if iff ifnull iif initcap instr
    isfinite isinf isnan json_agg json_array json_array_elements json_array_length json_arrayagg json_extract
    json_extract_path_text json_extract_scalar json_keys json_object json_object_agg json_objectagg json_query json_type
    json_valid json_value lag last_day last_value lcase lead least left len length levenshtein listagg ln localtime
    localtimestamp log log10 log2 lower lpad ltrim make_date make_time make_timestamp max max_by md5 median microsecond
    mid min min_by minute mod mode month monthname months_between now nth_value ntile nullif nullifzero nvl nvl2
    octet_length ord overlay parse_date parse_datetime parse_json parse_timestamp parse_url percent_rank percentile
    percentile_cont percentile_disc pi position pow power quarter radians rand random rank regexp_contains regexp_count
    regexp_extract regexp_extract_all regexp_instr regexp_like regexp_matches regexp_replace regexp_split regexp_substr
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse
    right rollup round row_number row_to_json rpad rtrim safe_cast safe_divide second session_user sha sha1 sha2 sha224
    sha256 sha384 sha512 sign sin sinh size sort_array soundex space split split_part sqrt square starts_with startswith
    stddev stddev_pop stddev_samp str_to_date strftime string_agg string_split string_to_array strpos substr substring
    sum sysdate tan tanh time_bucket timestamp_add timestamp_diff timestamp_sub timestamp_trunc timestampadd
    timestampdiff timezone to_base64 to_char to_date to_hex to_json to_json_string to_number to_timestamp to_varchar
    translate trim trunc truncate try_cast try_to_date try_to_number typeof ucase unhex unicode unix_timestamp upper
    user utc_timestamp uuid var_pop var_samp variance version week weekday weekofyear width_bucket xmlagg yearofweek
    zeroifnull
    """.split()
)
"""Names that only compute in every database that has them."""
