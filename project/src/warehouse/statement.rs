//! What can be said about a statement's text without parsing SQL.

/// Starts with SELECT or WITH, comments and opening parentheses aside. Only the first of two guards: the
/// database itself is opened read-only.
pub fn is_read_only_text(sql: &str) -> bool {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else {
            break;
        }
    }
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with")
}

/// A name as SQL writes it, whatever letters it has.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::is_read_only_text;

    #[test]
    fn only_select_and_with_pass() {
        for (sql, passes) in [
            ("select 1", true),
            ("  WITH a as (select 1) select * from a", true),
            ("-- why\nselect 1", true),
            ("/* a */ (select 1)", true),
            ("", false),
            ("selection", false),
            ("delete from t", false),
            ("-- select 1", false),
            ("pragma user_version = 3", false),
            ("explain select 1", false),
        ] {
            assert_eq!(is_read_only_text(sql), passes, "{sql:?}");
        }
    }
}
