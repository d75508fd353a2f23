//! Names as a scan writes them: quoted where SQL would read something else, and roles where a table is joined twice.

use crate::warehouse::quoted;

/// Words that PostgreSQL or SQLite read as something else where a name is expected.
const RESERVED: &str = " add all alter analyse analyze and any array as asc asymmetric authorization begin between binary \
    both by case cast check collate column commit concurrently constraint create cross current_catalog current_date \
    current_role current_schema current_time current_timestamp current_user default deferrable delete desc distinct do \
    drop else end escape except exists false fetch for foreign freeze from full glob grant group having if ilike in index \
    initially inner insert intersect into is isnull join lateral leading left like limit localtime localtimestamp match \
    natural not nothing notnull null offset on only or order outer over overlaps placing primary raise references regexp \
    rename replace returning right rollback row rows select session_user set similar some symmetric table tablesample then \
    to trailing transaction trigger true union unique update user using vacuum values variadic verbose view virtual when \
    where window with without ";

/// The name, in quotes unless every dialect reads it as it is.
pub fn written(name: &str) -> String {
    let letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let plain = name.starts_with(letter) && name.chars().all(|next| letter(next) || next.is_ascii_digit());
    if plain && !RESERVED.contains(&format!(" {name} ")) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// The names of a dotted reference, quoted or not; one that is cut off in a quote ends there.
pub fn parts(reference: &str) -> Vec<String> {
    let (mut parts, mut part, mut in_quotes) = (Vec::new(), String::new(), false);
    let mut letters = reference.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                part.push('"');
            }
            '"' => in_quotes = !in_quotes,
            '.' if !in_quotes => parts.push(std::mem::take(&mut part)),
            letter => part.push(letter),
        }
    }
    parts.push(part);
    parts
}

/// What a foreign key's column says its target is: `ship_to` for `ship_to_id`, `Manager` for `ManagerId`.
pub fn role(column: &str) -> &str {
    let endings = ["_id", "_key", "_fk", "_Id", "_ID", "Id", "ID", "Key", "Fk"];
    let stem = endings.iter().find_map(|ending| column.strip_suffix(ending));
    stem.filter(|stem| !stem.is_empty()).unwrap_or(column)
}

/// `CustomerID`, `customerId` and `Customer ID` as `customer_id`.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut lower_before = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            if !snake.ends_with('_') && !snake.is_empty() {
                snake.push('_');
            }
            lower_before = false;
            continue;
        }
        if letter.is_uppercase() && lower_before {
            snake.push('_');
        }
        lower_before = letter.is_lowercase() || letter.is_ascii_digit();
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::{parts, role, snake_case, written};

    #[test]
    fn only_names_that_every_dialect_reads_alike_stay_without_quotes() {
        for (name, text) in [
            ("orders", "orders"),
            ("order", "\"order\""),
            ("Order Details", "\"Order Details\""),
            ("OrderID", "\"OrderID\""),
            ("2nd", "\"2nd\""),
            ("a-b", "\"a-b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("größe", "\"größe\""),
            ("_x1", "_x1"),
        ] {
            assert_eq!(written(name), text);
            assert_eq!(parts(&format!("shop.{}", written(name))), ["shop", name]);
        }
    }

    #[test]
    fn a_role_is_the_column_without_its_ending() {
        for (column, expected) in [
            ("ship_to_id", "ship_to"),
            ("ManagerId", "Manager"),
            ("ReportsTo", "ReportsTo"),
            ("parent_key", "parent"),
            ("id", "id"),
            ("_id", "_id"),
        ] {
            assert_eq!(role(column), expected);
        }
    }

    #[test]
    fn words_of_a_name_are_told_apart() {
        for (name, snake) in [
            ("ownerId", "owner_id"),
            ("OWNER_ID", "owner_id"),
            ("CustomerID", "customer_id"),
            ("Order Details", "order_details"),
            ("MediaType", "media_type"),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }
}
