//! Names of pages and users, which become file names: plain ones on every system.

use crate::Error;

/// A page's name is a file's name, and an argument.
const LONGEST_KEY: usize = 120;
/// Names that Windows gives to devices, with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// A part of a path that is a plain file name on every system.
pub fn checked(name: &str) -> Result<(), Error> {
    let plain = |letter: char| letter.is_ascii_alphanumeric();
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_device = DEVICES.contains(&stem) && lower.len() <= stem.len() + 1;
    let fits = name.starts_with(plain)
        && name
            .chars()
            .all(|letter| plain(letter) || matches!(letter, '_' | '-'))
        && name.len() <= LONGEST_KEY
        && !is_device;
    match fits {
        true => Ok(()),
        false => Err(Error::UnsafePageKey(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn hostile_keys_are_refused_before_they_become_paths() {
        for (key, fits) in [
            ("arr", true),
            ("Fiscal-year_2", true),
            ("console", true),
            ("com10", true),
            (&"a".repeat(120), true),
            (&"a".repeat(121), false),
            ("", false),
            ("..", false),
            (".hidden", false),
            ("a/b", false),
            ("a\\b", false),
            ("a b", false),
            ("a.md", false),
            ("größe", false),
            ("a\n", false),
            ("-a", false),
            ("con", false),
            ("NUL", false),
            ("com1", false),
        ] {
            assert_eq!(checked(key).is_ok(), fits, "{key:?}");
        }
    }
}
