//! The names of the sources that a file was to define, as far as a text that cannot be read still shows them.

use std::path::Path;

/// A file is named for its source when nothing else is known.
pub fn stem(file: &Path) -> Option<String> {
    Some(file.file_stem()?.to_string_lossy().into_owned())
}

/// The sources of a text that is not YAML, by its lines: the tables are what is least indented below `tables:`.
pub fn names_in(text: &str, file: &Path, is_shard: bool) -> Vec<String> {
    let unquoted = |name: &str| name.trim().trim_matches(['"', '\'']).to_owned();
    if !is_shard {
        let named = text.lines().find_map(|line| line.strip_prefix("name:"));
        let named = named.map(|name| unquoted(name.split(" #").next().unwrap_or(name)));
        return named
            .filter(|name| !name.is_empty() && !name.contains(['[', '{', '"', ':']))
            .or_else(|| stem(file))
            .into_iter()
            .collect();
    }
    let below = text
        .lines()
        .skip_while(|line| line.trim_end() != "tables:")
        .skip(1);
    let keys: Vec<(usize, String)> = below
        .filter_map(|line| {
            let key = line.trim_end().strip_suffix(':')?;
            let indent = key.len() - key.trim_start().len();
            (indent > 0 && !key.trim_start().starts_with(['-', '#'])).then(|| (indent, unquoted(key)))
        })
        .collect();
    let least = keys.iter().map(|(indent, _)| *indent).min();
    keys.into_iter()
        .filter(|(indent, _)| Some(*indent) == least)
        .map(|(_, name)| name)
        .collect()
}
