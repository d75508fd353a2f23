"""Functions that only compute and that one database has beyond the common ones.

The names are those of each manual's chapters on scalar, aggregate, window and table functions. Functions that read
files, call out, wait, lock, execute a text or change a setting are not here, and so are refused.
"""

SQLITE = frozenset(
    """
    bm25 changes glob highlight json_each json_error_position json_group_array json_group_object json_insert json_patch
    json_pretty json_quote json_remove json_replace json_set json_tree jsonb_array jsonb_extract jsonb_group_array
    jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set julianday
    last_insert_rowid like likelihood likely offsets pragma_foreign_key_list pragma_index_info pragma_index_list
    pragma_index_xinfo pragma_table_info pragma_table_list pragma_table_xinfo printf quote randomblob series snippet
    sqlite_version subtype timediff total total_changes unistr unixepoch unlikely zeroblob
    """.split()
)

DUCKDB = frozenset(
    """
    age aggregate approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_min arg_min_null argmax argmin
    array_aggr array_aggregate array_apply array_cat array_cosine_distance array_cosine_similarity array_cross_product
    array_distance array_dot_product array_extract array_filter array_has array_has_all array_has_any array_indexof
    array_inner_product array_intersect array_pop_back array_pop_front array_push_back array_push_front array_reduce
    array_resize array_reverse array_reverse_sort array_select array_to_json array_transform array_unique array_value
    array_where array_zip bar base64 bernoulli bin bit_position bitstring century columns combine current_catalog
    current_localtime current_localtimestamp current_schemas damerau_levenshtein datesub datetrunc days_in_month decade
    duckdb_columns duckdb_constraints duckdb_databases duckdb_functions duckdb_indexes duckdb_keywords duckdb_schemas
    duckdb_tables duckdb_types duckdb_views editdist3 entropy enum_code enum_first enum_last enum_range epoch epoch_ms
    epoch_ns epoch_us equi_width_bins era even exclude factorial favg fdiv filter first fmod format_bytes
    formatreadabledecimalsize formatreadablesize from_binary from_json fsum gamma gcd gen_random_uuid
    generate_subscripts geomean get_bit get_current_time get_current_timestamp get_type greatest_common_divisor hamming
    hash histogram isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json_contains json_each json_exists
    json_extract_path json_extract_string json_group_array json_group_object json_group_structure json_merge_patch
    json_pretty json_quote json_serialize_sql json_structure json_transform json_transform_strict json_tree julian
    kahan_sum kurtosis kurtosis_pop last lcm least_common_multiple left_grapheme length_grapheme lgamma list_aggr
    list_aggregate list_any_value list_append list_apply list_avg list_bit_and list_bool_and list_bool_or list_cat
    list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_element list_extract list_filter list_first list_has list_has_all list_has_any list_histogram list_indexof
    list_intersect list_last list_max list_median list_min list_mode list_pack list_position list_prepend list_product
    list_reduce list_resize list_reverse list_reverse_sort list_select list_slice list_sort list_stddev_samp
    list_string_agg list_sum list_transform list_unique list_value list_var_samp list_where list_zip mad
    make_timestamp_ms make_timestamp_ns make_timestamptz map_concat map_contains map_entries map_extract
    map_extract_value map_from_entries map_keys map_values mean millennium millisecond mismatches nanosecond nextafter
    nfc_normalize nfd parse_dirname parse_dirpath parse_filename parse_path pg_size_pretty pg_typeof pragma_table_info
    prefix printf product quantile quantile_cont quantile_disc range reduce regexp_escape regexp_full_match
    regexp_split_to_array regexp_split_to_table rename repeat_row reservoir reservoir_quantile right_grapheme round_even
    roundbankers sem set_bit signbit skewness st_area st_asgeojson st_astext st_contains st_distance st_geomfromtext
    st_intersects st_point st_within st_x st_y str_split str_split_regex string_split_regex strip_accents strlen
    strptime struct_concat struct_extract struct_insert struct_pack substring_grapheme suffix sumkahan system
    timezone_hour timezone_minute to_base to_binary to_centuries to_days to_decades to_hours to_microseconds
    to_milliseconds to_minutes to_months to_quarters to_seconds to_weeks to_years today transaction_timestamp
    try_strptime txid_current unbin union_extract union_tag union_value unpivot_list url_decode url_encode uuidv4 uuidv7
    wavg weighted_avg yearweek
    """.split()
)

MYSQL = frozenset(
    """
    adddate addtime aes_decrypt aes_encrypt against bin bin_to_uuid charset coercibility compress conv convert_tz crc32
    curdate curtime database elt export_set field find_in_set force format_bytes format_pico_time from_days get_format
    ignore index inet6_aton inet6_ntoa inet_aton inet_ntoa insert is_ipv4 is_ipv6 is_uuid json_array_append
    json_array_insert json_contains json_contains_path json_depth json_insert json_length json_merge_patch
    json_merge_preserve json_overlaps json_pretty json_quote json_remove json_replace json_schema_valid json_search
    json_set json_storage_size json_table json_unquote locate make_set makedate maketime match member name_const oct
    period_add period_diff quote random_bytes row_count schema sec_to_time st_area st_asgeojson st_astext st_contains
    st_distance st_distance_sphere st_geomfromtext st_intersects st_within st_x st_y std strcmp subdate substring_index
    subtime system_user time_format time_to_sec timediff to_days to_seconds uncompress use utc_date utc_time uuid_short
    uuid_to_bin validate_password_strength values weight_string yearweek
    """.split()
)

BIGQUERY = frozenset(
    """
    appends approx_top_count approx_top_sum array_concat_agg array_first array_includes array_is_distinct array_last
    array_reverse byte_length code_points_to_bytes code_points_to_string contains_substr cosine_distance
    current_datetime date_from_unix_date datetime_add datetime_diff datetime_sub datetime_trunc edit_distance error
    euclidean_distance farm_fingerprint float64 format_date format_datetime format_time format_timestamp from_base32
    generate_array generate_date_array generate_timestamp_array generate_uuid hll_count.extract hll_count.init
    hll_count.merge hll_count.merge_partial ieee_divide int64 is_inf is_nan json_array_append json_array_insert
    json_extract_array json_extract_string_array json_query_array json_remove json_set json_strip_nulls json_value_array
    justify_days justify_hours justify_interval keys.keyset_length lax_bool lax_float64 lax_int64 lax_string logical_and
    logical_or make_interval net.host net.ip_from_string net.ip_net_mask net.ip_to_string net.ip_trunc
    net.ipv4_from_int64 net.ipv4_to_int64 net.public_suffix net.reg_domain net.safe_ip_from_string normalize
    normalize_and_casefold offset ordinal parse_bignumeric parse_numeric parse_time percent range range_bucket
    range_contains range_end range_overlaps range_start safe_add safe_convert_bytes_to_string safe_multiply safe_negate
    safe_offset safe_ordinal safe_subtract sec st_area st_asgeojson st_astext st_buffer st_centroid st_contains
    st_distance st_dwithin st_geogfromgeojson st_geogfromtext st_geogpoint st_intersects st_length st_makeline
    st_union_agg st_within st_x st_y system time_add time_diff time_sub time_trunc timestamp_from_unix_millis
    timestamp_micros timestamp_millis timestamp_seconds to_base32 to_code_points unix_date unix_micros unix_millis
    unix_seconds
    """.split()
)

SNOWFLAKE = frozenset(
    """
    add_months approx_top_k array_cat array_compact array_construct array_construct_compact array_except array_flatten
    array_generate_range array_insert array_intersection array_union_agg array_unique_agg arrays_to_object as_array
    as_char as_date as_decimal as_double as_integer as_object as_real as_timestamp_ntz at base64_decode_string
    base64_encode before bernoulli bitand bitand_agg bitnot bitor bitor_agg bitshiftleft bitshiftright bitxor bitxor_agg
    block booland booland_agg boolnot boolor boolor_agg boolxor charindex check_json compress conditional_change_event
    conditional_true_event current_account current_available_roles current_client current_region current_session
    current_statement current_transaction current_version current_warehouse date_from_parts datefromparts
    decompress_string div0 div0null editdistance equal_null exclude factorial filter generator get get_path hash
    hash_agg haversine hex_decode_string hex_encode hll ilike insert is_array is_boolean is_date is_decimal is_integer
    is_null_value is_object is_real is_role_in_session is_varchar jarowinkler_similarity kurtosis last_query_id
    last_successful_scheduled_time map_keys map_size md5_hex minhash next_day normal object_agg object_construct
    object_construct_keep_null object_delete object_insert object_keys object_pick previous_day randstr ratio_to_report
    reduce regr_valx rename result_scan rtrimmed_length sample seed seq1 seq2 seq4 seq8 sha1_hex sha2_hex skew
    split_to_table st_area st_asgeojson st_astext st_contains st_distance st_dwithin st_geographyfromwkt st_intersects
    st_makepoint st_within st_x st_y strip_null_value strtok strtok_split_to_table strtok_to_array system
    time_from_parts time_slice timeadd timediff timefromparts timestamp_from_parts timestamp_ltz_from_parts
    timestamp_ntz_from_parts timestamp_tz_from_parts timestampfromparts to_array to_binary to_boolean to_decimal
    to_double to_geography to_numeric to_object to_time to_timestamp_ltz to_timestamp_ntz to_timestamp_tz to_variant
    to_xml transform try_parse_json try_to_binary try_to_boolean try_to_decimal try_to_double try_to_numeric try_to_time
    try_to_timestamp try_to_timestamp_ltz try_to_timestamp_ntz try_to_timestamp_tz uniform uuid_string weekiso xmlget
    yearofweekiso zipf
    """.split()
)

REDSHIFT = frozenset(
    """
    add_months approximate array_flatten bpcharcmp charindex convert_timezone crc32 date_cmp date_part_year dexp dlog1
    dlog10 func_sha1 get_array_length getdate h3_fromlonglat hll hll_cardinality interval_cmp is_array is_boolean
    is_integer is_object is_valid_json is_valid_json_array json_extract_array_element_text json_parse json_serialize
    json_size lower_attribute_names next_day object_transform ratio_to_report st_area st_asgeojson st_astext st_contains
    st_distance st_geomfromtext st_intersects st_point st_within st_x st_y strtol subarray text_to_int_alt
    text_to_numeric_alt timeofday to_varbyte
    """.split()
)

TSQL = frozenset(
    """
    app_name approx_percentile_cont charindex checksum checksum_agg choose col_length col_name compress count_big
    current_timezone databasepropertyex datalength date_bucket datefromparts datetime2fromparts datetimefromparts
    datetimeoffsetfromparts datetrunc db_id db_name decompress difference eomonth error_message get_bit getdate
    getutcdate hashbytes host_name index isdate isjson isnull isnumeric json_modify json_path_exists left_shift newid
    noexpand nolock object_definition object_id object_name object_schema_name openjson original_login parse parsename
    patindex percent quotename readpast replicate right_shift rowcount_big schema_id schema_name scope_identity
    serverproperty session_context set_bit smalldatetimefromparts sql_variant_property stdev stdevp str string_escape
    stuff suser_name suser_sname switchoffset sysdatetime sysdatetimeoffset system system_user sysutcdatetime
    timefromparts todatetimeoffset try_convert try_parse type_name user_name var varp
    """.split()
)

CLICKHOUSE = frozenset(
    """
    accuratecast accuratecastordefault accuratecastornull adddays addhours addminutes addmonths addquarters addseconds
    addweeks addyears age anyheavy anylast argmax argmin arrayall arrayauc arrayavg arraycompact arrayconcat arraycount
    arraycumsum arraydifference arraydistinct arrayelement arrayenumerate arrayenumerateuniq arrayexists arrayfill
    arrayfilter arrayfirst arrayfirstindex arrayflatten arrayintersect arrayjaccardindex arrayjoin arraylast arraymap
    arraymax arraymin arraypopback arraypopfront arrayproduct arraypushback arraypushfront arrayreduce arrayresize
    arrayreverse arrayreversesort arrayslice arraysort arraysplit arraystringconcat arraysum arrayuniq arrayzip
    assumenotnull avgif avgweighted bar base64decode base64encode bin bitand bitcount bitnot bitor bitshiftleft
    bitshiftright bittest bitxor cityhash64 columns corrstable countdistinct countequal countsubstrings
    countsubstringscaseinsensitive currentdatabase currentuser cutquerystring cutwww datesub datetodate32 datetrunc
    decodeurlcomponent deltasum deltasumtimestamp dictget dictgetordefault dictgetornull dicthas dictionary divide
    domain domainwithoutwww empty encodeurlcomponent equals exponentialmovingaverage extractall extractallgroups
    extracturlparameter extracturlparameters firstsignificantsubdomain fix formatdatetime formatreadabledecimalsize
    formatreadablequantity formatreadablesize formatreadabletimedelta fromunixtimestamp fromunixtimestamp64milli
    generaterandom geodistance geohashdecode geohashencode globalin greatcircledistance greater grouparray grouparrayif
    grouparraymovingavg grouparraysample groupbitand groupbitor groupbitxor groupconcat groupuniqarray h3toparent
    halfmd5 has hasall hasany hassubstr hastoken histogram identity ignore indexof intdiv intdivorzero inthash32
    inthash64 ipv4numtostring ipv4stringtonum ipv6numtostring isnotnull isnull isvalidjson javahash jsonextract
    jsonextractarrayraw jsonextractbool jsonextractfloat jsonextractint jsonextractkeysandvalues jsonextractraw
    jsonextractstring jsonextractuint jsonhas jsonlength jsontype kurtpop kurtsamp laginframe leadinframe lengthutf8
    less like lowerutf8 mapcontains mapfromarrays mapkeys mapvalues match materialize maxif maxmap merge metrohash64
    minif minmap minus modulo multiif multiply multisearchany murmurhash2_64 murmurhash3_64 negate neighbor
    normalizequery not notempty notequals notin notlike null numbers numbers_mt or parsedatetime parsedatetimebesteffort
    parsedatetimebesteffortornull parsedatetimebesteffortorzero path plus positioncaseinsensitive positionutf8 protocol
    quantile quantileexact quantileexactweighted quantileif quantiles quantilestdigest quantiletdigest quantiletiming
    randconstant randuniform range rankcorr regexpextract replaceall replaceone replaceregexpall replaceregexpone
    retention roundage roundbankers rounddown roundduration roundtoexp2 rownumberinallblocks runningaccumulate
    runningdifference sequencecount sequencematch simplelinearregression siphash64 skewpop skewsamp snowflaketodatetime
    splitbychar splitbyregexp splitbystring splitbywhitespace stddevpop stddevsamp subdate substringutf8 subtractdays
    subtracthours subtractminutes subtractmonths subtractquarters subtractseconds subtractweeks subtractyears sumif
    sumkahan summap sumwithoverflow timeslot timeslots timewindow toclosinghour tocolumntypename todate todate32
    todateornull todateorzero todatetime todatetime64 todatetimeornull todatetimeorzero todayofmonth todayofweek
    todayofyear todecimal128 todecimal32 todecimal64 tofixedstring tofloat32 tofloat32ornull tofloat64 tofloat64ornull
    tofloat64orzero tohour toint toint128 toint16 toint256 toint32 toint32ornull toint32orzero toint64 toint64ornull
    toint64orzero toint8 tointervalday tointervalhour tointervalminute tointervalmonth tointervalquarter
    tointervalsecond tointervalweek tointervalyear toipv4 toisoweek toisoyear tojsonstring tolastdayofmonth
    tolowcardinality tominute tomonday tomonth tonullable topk topkweighted topleveldomain toquarter torelativedaynum
    torelativehournum torelativemonthnum torelativeweeknum tosecond tostartofday tostartoffifteenminutes
    tostartoffiveminutes tostartofhour tostartofinterval tostartofisoyear tostartofminute tostartofmonth
    tostartofquarter tostartofsecond tostartoftenminutes tostartofweek tostartofyear tostring tostringcutttozero totime
    totimezone totypename touint128 touint16 touint256 touint32 touint32ornull touint64 touint64ornull touint8
    tounixtimestamp tounixtimestamp64milli touuid toweek toyear toyyyymm toyyyymmdd toyyyymmddhhmmss transform trimboth
    trimleft trimright tupleelement tuplehammingdistance uniq uniqcombined uniqcombined64 uniqexact uniqhll12 uniqif
    uniqthetasketch upperutf8 varpop varsamp view visitparamextractstring visitparamhas windowfunnel xxhash32 xxhash64
    yearweek zeros
    """.split()
)

DATABRICKS = frozenset(
    """
    add_months aggregate any approx_top_k array_compact array_except array_insert array_intersect array_join
    array_repeat array_union arrays_zip assert_true base64 bin bit_get bround charindex collect_list collect_set conv
    convert_timezone count_min_sketch crc32 csc curdate current_catalog current_metastore current_timezone
    date_from_unix_date deepsize e elt exists explode_outer expm1 factorial filter find_in_set first forall
    format_number format_string from_csv from_json from_utc_timestamp from_xml get get_json_object h3_longlatash3 hash
    histogram_numeric hll_sketch_agg hll_sketch_estimate hypot inline inline_outer is_account_group_member is_member
    isnotnull isnull json_object_keys json_tuple kurtosis last like locate log1p make_dt_interval make_interval
    make_ym_interval map_agg map_concat map_contains_key map_entries map_filter map_from_arrays map_from_entries
    map_keys map_values map_zip_with mask monotonically_increasing_id named_struct nanvl negative next_day
    percentile_approx pmod posexplode posexplode_outer positive printf product range read_files reduce regexp repair
    rint schema_of_json sec sentences sequence session_window shiftleft shiftright shuffle signum skewness slice some
    spark_partition_id stack std str_to_map substring_index table_changes timestamp_micros timestamp_millis
    timestamp_seconds to_binary to_csv to_unix_timestamp to_utc_timestamp to_xml transform transform_keys
    transform_values try_add try_avg try_divide try_element_at try_multiply try_subtract try_sum try_to_binary
    try_to_timestamp try_variant_get unbase64 unix_date unix_micros unix_millis unix_seconds url_decode url_encode
    variant_get window xpath xpath_string xxhash64 zip_with
    """.split()
)

TRINO = frozenset(
    """
    all_match any_match approx_most_frequent approx_set arbitrary array_except array_frequency array_histogram
    array_intersect array_join array_union at_timezone bar bernoulli beta_cdf bing_tile bitwise_and bitwise_and_agg
    bitwise_left_shift bitwise_not bitwise_or bitwise_or_agg bitwise_right_shift bitwise_xor checksum classifier
    codepoint color combinations contains_sequence convex_hull_agg cosine_similarity crc32 current_catalog
    current_groups current_timezone date_parse day_of_month day_of_week day_of_year dow doy e empty_approx_set entropy
    evaluate_classifier_predictions exclude_columns filter first format_datetime format_number from_base from_base32
    from_base64url from_big_endian_64 from_iso8601_date from_iso8601_timestamp from_unixtime_nanos from_utf8
    geometric_mean great_circle_distance hamming_distance hash_counts histogram human_readable_seconds index infinity
    inverse_normal_cdf is_finite is_infinite is_json_scalar is_nan jaccard_index json_array_contains json_array_get
    json_exists json_format json_parse json_size json_table kurtosis last levenshtein_distance line_locate_point
    luhn_check make_set_digest map_agg map_concat map_entries map_filter map_from_entries map_keys map_union map_values
    map_zip_with match_number merge millisecond multimap_agg multimap_from_entries nan ngrams none_match normal_cdf
    normalize numeric_histogram parse_data_size parse_duration permute prev qdigest_agg quantile_at_value reduce
    reduce_agg regexp_position render sequence shuffle simplify_geometry skewness slice split_to_map split_to_multimap
    spooky_hash_v2_64 st_area st_asgeojson st_astext st_contains st_distance st_geometryfromtext st_intersects st_point
    st_within st_x st_y strrpos system tdigest_agg timezone_hour timezone_minute to_base to_base32 to_base64url
    to_big_endian_64 to_geometry to_ieee754_64 to_iso8601 to_milliseconds to_spherical_geography to_unixtime to_utf8
    transform transform_keys transform_values trim_array try url_decode url_encode url_extract_fragment url_extract_host
    url_extract_parameter url_extract_path url_extract_port url_extract_protocol url_extract_query value_at_quantile
    week_of_year wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 year_of_week yow zip
    zip_with
    """.split()
)
