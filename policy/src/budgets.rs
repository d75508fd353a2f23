//! How much a release may grow compared with the last one, and whether it does.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What may grow, and by how much, from one release to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budgets {
    /// The tarball, in bytes.
    pub tarball: Growth,
    /// The program of each platform, in bytes.
    pub program: Growth,
    /// The number of files.
    pub files: Growth,
}

/// A limit on growth: `+10 %` of what was there, or `+20` more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Growth {
    /// Percent of the value before.
    Percent(u32),
    /// Bytes or files.
    Amount(u64),
}

/// The text is not a limit on growth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a limit such as `+10 %` or `+20`, found `{}`", .0.escape_debug())]
pub struct InvalidGrowth(pub String);

impl FromStr for Growth {
    type Err = InvalidGrowth;

    fn from_str(text: &str) -> Result<Self, InvalidGrowth> {
        let invalid = || InvalidGrowth(text.to_owned());
        let number = text.strip_prefix('+').ok_or_else(invalid)?;
        let digits = number
            .strip_suffix('%')
            .map(|percent| percent.strip_suffix(' ').unwrap_or(percent));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(digits.unwrap_or(number)) {
            return Err(invalid());
        }
        match digits {
            Some(digits) => digits.parse().map(Self::Percent).map_err(|_| invalid()),
            None => number.parse().map(Self::Amount).map_err(|_| invalid()),
        }
    }
}

impl TryFrom<String> for Growth {
    type Error = InvalidGrowth;

    fn try_from(text: String) -> Result<Self, InvalidGrowth> {
        text.parse()
    }
}

impl From<Growth> for String {
    fn from(growth: Growth) -> Self {
        growth.to_string()
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(formatter, "+{percent} %"),
            Self::Amount(amount) => write!(formatter, "+{amount}"),
        }
    }
}

impl JsonSchema for Growth {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Growth".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A limit on growth: `+10 %` of the last release, or `+20` more.",
            "type": "string",
            "pattern": r"^\+[0-9]+( ?%)?$",
        })
    }
}

impl Growth {
    /// Whether `after` is within the limit.
    pub fn allows(self, before: u64, after: u64) -> bool {
        let (before, after) = (u128::from(before), u128::from(after));
        match self {
            Self::Percent(percent) => after * 100 <= before * (100 + u128::from(percent)),
            Self::Amount(amount) => after <= before + u128::from(amount),
        }
    }
}

/// The sizes that have a budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The tarball, in bytes.
    pub tarball: u64,
    /// Programs by platform, in bytes.
    pub programs: BTreeMap<String, u64>,
    /// Number of files.
    pub files: u64,
}

impl Budgets {
    /// What grew over its budget, one sentence each. A program for a new platform has none to be compared with.
    pub fn exceeded(&self, before: &Sizes, after: &Sizes) -> Vec<String> {
        let mut items = vec![(
            "the tarball".to_owned(),
            self.tarball,
            before.tarball,
            after.tarball,
            "bytes",
        )];
        for (platform, size) in &after.programs {
            if let Some(old) = before.programs.get(platform) {
                items.push((
                    format!("the program for {platform}"),
                    self.program,
                    *old,
                    *size,
                    "bytes",
                ));
            }
        }
        items.push((
            "the number of files".to_owned(),
            self.files,
            before.files,
            after.files,
            "files",
        ));
        let over = items
            .into_iter()
            .filter(|(_, budget, before, after, _)| !budget.allows(*before, *after));
        over.map(|(what, budget, before, after, unit)| {
            format!("{what} grew from {before} to {after} {unit}, over its budget of {budget}")
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_percent_or_amounts() {
        for (text, growth) in [
            ("+10 %", Some(Growth::Percent(10))),
            ("+0%", Some(Growth::Percent(0))),
            ("+20", Some(Growth::Amount(20))),
            ("10 %", None),
            ("+", None),
            ("+%", None),
            ("+-1", None),
            ("++1", None),
            ("+1.5 %", None),
            ("+1  %", None),
            ("+99999999999 %", None),
            ("+99999999999999999999", None),
            (" +1", None),
        ] {
            assert_eq!(text.parse::<Growth>().ok(), growth, "{text}");
        }
    }

    #[test]
    fn a_limit_holds_up_to_its_last_byte() {
        for (growth, before, most) in [
            (Growth::Percent(10), 1000, 1100),
            (Growth::Percent(0), 7, 7),
            (Growth::Percent(10), 0, 0),
            (Growth::Amount(5), 10, 15),
            (Growth::Percent(u32::MAX), u64::MAX, u64::MAX),
        ] {
            assert!(growth.allows(before, most), "{growth} {before} {most}");
            let over = most.checked_add(1).map(|over| growth.allows(before, over));
            assert_ne!(over, Some(true), "{growth} {before} {most}");
        }
    }
}
