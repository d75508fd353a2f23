//! A version's section of `CHANGELOG.md`, which must have the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/):
//! `## [1.2.3] - 2031-01-31`, below it `### Added` and its like.

use crate::version::ReleaseVersion;

/// The names that Keep a Changelog has for kinds of changes.
const KINDS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// Why there is no section to release with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangelogError {
    /// No heading names the version.
    #[error("CHANGELOG.md has no section for {0}: its heading would be `## [{0}] - YYYY-MM-DD`")]
    Missing(String),
    /// A heading names the version in another form.
    #[error("CHANGELOG.md:{line}: expected `## [{version}] - YYYY-MM-DD`, found `{found}`")]
    Heading {
        /// Counted from 1.
        line: usize,
        /// The version.
        version: String,
        /// The heading as it is.
        found: String,
    },
    /// Two sections are about the version.
    #[error("CHANGELOG.md:{line}: the section for {version} is duplicated")]
    Duplicate {
        /// Of the second heading.
        line: usize,
        /// The version.
        version: String,
    },
    /// A heading inside is not one of the six.
    #[error(
        "CHANGELOG.md:{line}: `### {found}` is not one of Added, Changed, Deprecated, Removed, Fixed, Security"
    )]
    Kind {
        /// Counted from 1.
        line: usize,
        /// The heading's text.
        found: String,
    },
    /// The section is empty.
    #[error("CHANGELOG.md:{line}: the section for {version} is empty")]
    Empty {
        /// Of the heading.
        line: usize,
        /// The version.
        version: String,
    },
}

/// The text below the version's heading, without blank lines around it.
pub fn section(changelog: &str, version: &ReleaseVersion) -> Result<String, ChangelogError> {
    let version = version.to_string();
    let mut start = None;
    let mut body: Vec<&str> = Vec::new();
    let mut fenced = false;
    let mut inside = false;
    for (index, line) in changelog.lines().enumerate() {
        let number = index + 1;
        let line = line.trim_end();
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            body.extend(inside.then_some(line));
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            inside = names(heading, &version);
            if inside && !is_exact(heading, &version) {
                return Err(ChangelogError::Heading {
                    line: number,
                    version,
                    found: line.to_owned(),
                });
            }
            if inside && start.replace(number).is_some() {
                return Err(ChangelogError::Duplicate {
                    line: number,
                    version,
                });
            }
        } else if inside && !is_link_definition(line) {
            if let Some(kind) = line.strip_prefix("### ").filter(|kind| !KINDS.contains(kind)) {
                return Err(ChangelogError::Kind {
                    line: number,
                    found: kind.to_owned(),
                });
            }
            body.push(line);
        }
    }
    let line = start.ok_or_else(|| ChangelogError::Missing(version.clone()))?;
    let says_something =
        |line: &&&str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("<!--");
    if body.iter().find(says_something).is_none() {
        return Err(ChangelogError::Empty { line, version });
    }
    Ok(body.join("\n").trim_matches('\n').to_owned())
}

/// Whether a heading is about the version, in whatever form.
fn names(heading: &str, version: &str) -> bool {
    let word = heading.split_whitespace().next().unwrap_or_default();
    word.trim_matches(['[', ']', '(', ')', 'v', ':']) == version
}

fn is_exact(heading: &str, version: &str) -> bool {
    let date = heading.strip_prefix(&format!("[{version}] - "));
    date.is_some_and(is_date)
}

/// `YYYY-MM-DD`, a day that exists.
fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shape && text.parse::<jiff::civil::Date>().is_ok()
}

/// `[1.2.3]: https://…`, which belongs to the whole file.
fn is_link_definition(line: &str) -> bool {
    line.starts_with('[')
        && line
            .split_once("]: ")
            .is_some_and(|(_, address)| address.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# Changelog

## [Unreleased]

## [0.2.0] - 2031-01-31

A calm release.

### Added

- A thing:
  ```
  ## [9.9.9] - 2031-01-01
  ```

## [0.1.0-rc.1] - 2031-01-02

### Fixed

- A fault.

## [0.1.0] - 2031-01-03

### Fixed

## 0.0.9 (2030)

- Old.

[0.2.0]: https://repository.example/compare/v0.1.0...v0.2.0
";

    #[track_caller]
    fn check(changelog: &str, version: &str, expected: Result<&str, &str>) {
        let version = version.parse().unwrap();
        let found = section(changelog, &version).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn a_section_is_what_stands_below_its_heading() {
        let text = "A calm release.\n\n### Added\n\n- A thing:\n  ```\n  ## [9.9.9] - 2031-01-01\n  ```";
        check(TEXT, "0.2.0", Ok(text));
        check(TEXT, "0.1.0-rc.1", Ok("### Fixed\n\n- A fault."));
        check(
            &TEXT.replace('\n', "\r\n"),
            "0.1.0-rc.1",
            Ok("### Fixed\n\n- A fault."),
        );
    }

    #[test]
    fn a_section_that_cannot_be_released_with_is_named_with_its_line() {
        check(
            TEXT,
            "9.9.9",
            Err("CHANGELOG.md has no section for 9.9.9: its heading would be `## [9.9.9] - YYYY-MM-DD`"),
        );
        check(
            TEXT,
            "0.1.0",
            Err("CHANGELOG.md:22: the section for 0.1.0 is empty"),
        );
        check(
            TEXT,
            "0.0.9",
            Err("CHANGELOG.md:26: expected `## [0.0.9] - YYYY-MM-DD`, found `## 0.0.9 (2030)`"),
        );
        for heading in [
            "## [v0.3.0] - 2031-01-01",
            "## [0.3.0]",
            "## [0.3.0] - 2031-02-30",
            "## [0.3.0] - 31-01-01",
        ] {
            let expected = format!("CHANGELOG.md:1: expected `## [0.3.0] - YYYY-MM-DD`, found `{heading}`");
            check(&format!("{heading}\n\n- x\n"), "0.3.0", Err(&expected));
        }
        let twice = "## [0.3.0] - 2031-01-01\n- x\n## [0.3.0] - 2031-01-02\n- y\n";
        check(
            twice,
            "0.3.0",
            Err("CHANGELOG.md:3: the section for 0.3.0 is duplicated"),
        );
        let kind = "## [0.3.0] - 2031-01-01\n### News\n- x\n";
        check(
            kind,
            "0.3.0",
            Err(
                "CHANGELOG.md:2: `### News` is not one of Added, Changed, Deprecated, Removed, Fixed, Security",
            ),
        );
    }
}
