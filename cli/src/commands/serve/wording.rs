//! Errors for a caller that has arguments instead of flags.

use ktx_app::Error;

/// The flags that are arguments here. Every other one belongs to a command line that is shown.
const ARGUMENTS: [(&str, &str); 12] = [
    ("--connection-id", "connectionId"),
    ("--dimension", "dimensions"),
    ("--fill", "fill"),
    ("--filter", "filters"),
    ("--include-empty", "include_empty"),
    ("--limit", "limit"),
    ("--max-rows", "maxRows"),
    ("--measure", "measures"),
    ("--mode", "mode"),
    ("--order-by", "order_by"),
    ("--segment", "segments"),
    ("--source-dir", "config.sourceDir"),
];

/// The sentence, and below it what to do.
pub fn of_error(error: &Error) -> String {
    let message = naming_arguments(&error.to_string());
    match error.hint() {
        Some(hint) => format!("{message}\nhint: {}", naming_arguments(&hint)),
        None => message,
    }
}

/// Turns `pass --connection-id` into `pass connectionId`, outside of command lines.
pub fn naming_arguments(text: &str) -> String {
    let mut named = String::with_capacity(text.len());
    let mut in_command = false;
    for word in text.split_inclusive([' ', '\n']) {
        if word.trim_start_matches('`').trim_end() == "ktx" {
            in_command = true;
        }
        let start = word.find("--").filter(|_| !in_command);
        let length = |start: usize| {
            let flag = word[start + 2..].find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
            flag.map_or(word.len(), |end| start + 2 + end)
        };
        let argument = start.and_then(|start| {
            let flag = &word[start..length(start)];
            ARGUMENTS.iter().find(|(known, _)| *known == flag)
        });
        match (start, argument) {
            (Some(start), Some((_, argument))) => {
                named.push_str(&word[..start]);
                named.push_str(argument);
                named.push_str(&word[length(start)..]);
            }
            _ => named.push_str(word),
        }
        // A command line ends with its quote, or with the clause.
        in_command &= !word.trim_start_matches('`').contains(['`', '\n', ';']);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::naming_arguments;

    #[test]
    fn arguments_are_named_and_command_lines_keep_their_flags() {
        for (text, named) in [
            (
                "pass --connection-id with one of: a, b",
                "pass connectionId with one of: a, b",
            ),
            ("pass --max-rows 1000 or less", "pass maxRows 1000 or less"),
            ("pass it with --source-dir", "pass it with config.sourceDir"),
            (
                "failed to read `--order-by a:b`: no",
                "failed to read `order_by a:b`: no",
            ),
            (
                "run `ktx sl query --limit 3`, or pass --limit 3",
                "run `ktx sl query --limit 3`, or pass limit 3",
            ),
            ("run: ktx runtime install --yes", "run: ktx runtime install --yes"),
            (
                "start the server with --execute-queries",
                "start the server with --execute-queries",
            ),
            ("-- a comment, and a--b", "-- a comment, and a--b"),
            ("", ""),
        ] {
            assert_eq!(naming_arguments(text), named);
        }
    }
}
