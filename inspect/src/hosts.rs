//! The hosts that a file names in addresses: a program that gained one may contact a new host.
//!
//! Programs keep their texts without separators, so a host may have the beginning of the next text at its end. That is
//! good enough to be looked at by a person, which is what the list is for.

use std::collections::BTreeSet;

use memchr::memmem::Finder;

/// Longest name of a host.
const LONGEST: usize = 253;

/// Every host behind `scheme://` with a dot in its name, in lower case.
pub fn hosts(content: &[u8]) -> BTreeSet<String> {
    let finder = Finder::new("://");
    let after_scheme = finder.find_iter(content).filter(|at| {
        let before = at.checked_sub(1).and_then(|last| content.get(last));
        before.is_some_and(u8::is_ascii_alphabetic)
    });
    after_scheme.filter_map(|at| host(&content[at + 3..])).collect()
}

fn host(rest: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let authority_ends = |byte: &u8| !is_part(byte) && !matches!(byte, b'@' | b':');
    let window = &rest[..rest.len().min(2 * LONGEST)];
    let end = window.iter().position(authority_ends).unwrap_or(window.len());
    // Credentials are before an at sign.
    let authority = &window[..end];
    let start = authority
        .iter()
        .rposition(|byte| *byte == b'@')
        .map_or(0, |at| at + 1);
    let name = &authority[start..];
    let end = name.iter().position(|byte| !is_part(byte)).unwrap_or(name.len());
    let name = str::from_utf8(&name[..end])
        .ok()?
        .trim_matches('.')
        .to_ascii_lowercase();
    let has_two_parts = name.split('.').filter(|part| !part.is_empty()).count() > 1;
    (has_two_parts && name.len() <= LONGEST).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_what_stands_in_addresses() {
        for (text, found) in [
            ("see https://Example.com/path", &["example.com"][..]),
            (
                "\0\x01https://a.example:8080\0wss://b.example?q",
                &["a.example", "b.example"],
            ),
            ("https://user:secret@c.example/", &["c.example"]),
            ("http://localhost:80 and http://%s/ and ://d.example", &[]),
            ("postgres://10.0.0.1:5432/", &["10.0.0.1"]),
            ("https://", &[]),
            ("https://..", &[]),
        ] {
            let found: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(hosts(text.as_bytes()), found, "{text}");
        }
    }
}
