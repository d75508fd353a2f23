//! Names of warehouse types in plain form. Shards depend on these answers: changing one changes every rescan.

use crate::semantic::ColumnType;

/// Lower-case, without text in parentheses, single blanks; `unknown` when nothing is left.
pub fn normalized_type(native: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::with_capacity(native.len());
    for letter in native.to_lowercase().chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            letter if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    let words: Vec<&str> = kept.split_whitespace().collect();
    if words.is_empty() {
        "unknown".into()
    } else {
        words.join(" ")
    }
}

/// By whole word, in this order: boolean, time, number, else text. Beyond the long names, the ones that Postgres
/// itself prints (`timestamptz`, `int4`, `money`) and their kin count.
pub fn dimension_type(native: &str) -> ColumnType {
    let normalized = normalized_type(native);
    let words: Vec<&str> = normalized
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    // `int64`, `float32` and `datetime64` of ClickHouse and BigQuery; unsigned ones start with a `u`.
    let sized = |word: &str| {
        word.trim_end_matches(|letter: char| letter.is_ascii_digit())
            .to_owned()
    };
    let any = |known: &[&str]| {
        words.iter().any(|word| {
            let plain = sized(word);
            known.contains(&plain.as_str())
                || plain.strip_prefix('u').is_some_and(|rest| known.contains(&rest))
        })
    };
    if any(&["bool", "boolean"]) {
        ColumnType::Boolean
    } else if any(&["date", "datetime", "time", "timestamp", "timestamptz", "timetz"]) {
        ColumnType::Time
    } else if any(&[
        "int",
        "integer",
        "bigint",
        "smallint",
        "tinyint",
        "mediumint",
        "decimal",
        "numeric",
        "number",
        "float",
        "double",
        "real",
        "hugeint",
        "bignumeric",
        "money",
        "serial",
        "bigserial",
    ]) {
        ColumnType::Number
    } else {
        ColumnType::Text
    }
}

#[cfg(test)]
mod tests {
    use super::{dimension_type, normalized_type};

    #[test]
    fn types_by_whole_word() {
        for (native, normalized, dimension) in [
            ("NUMERIC(10, 2)", "numeric", "number"),
            ("character varying(20)", "character varying", "string"),
            ("timestamp(3) with time zone", "timestamp with time zone", "time"),
            ("timestamptz", "timestamptz", "time"),
            ("int4", "int4", "number"),
            ("BOOLEAN", "boolean", "boolean"),
            ("Int64", "int64", "number"),
            ("UInt256", "uint256", "number"),
            ("Float32", "float32", "number"),
            ("DateTime64(3, 'UTC')", "datetime64", "time"),
            ("Date32", "date32", "time"),
            ("UUID", "uuid", "string"),
            ("Array(Int64)", "array", "string"),
            ("UBIGINT", "ubigint", "number"),
            ("TIMESTAMP_NTZ(9)", "timestamp_ntz", "time"),
            ("bigint unsigned", "bigint unsigned", "number"),
            ("point", "point", "string"),
            ("interval", "interval", "string"),
            ("", "unknown", "string"),
            ("  double   precision ", "double precision", "number"),
        ] {
            assert_eq!(normalized_type(native), normalized, "{native}");
            assert_eq!(dimension_type(native).as_str(), dimension, "{native}");
        }
    }
}
