//! A maintained line of releases below the main one: `1.0` gets its fixes while the main line is at `1.1`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ReleaseVersion;

/// The `X.Y` of the versions in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lane {
    major: u64,
    minor: u64,
}

impl Lane {
    /// The lane that a version would be in.
    pub fn of(version: &ReleaseVersion) -> Self {
        let version = version.as_semver();
        Self {
            major: version.major,
            minor: version.minor,
        }
    }
}

impl FromStr for Lane {
    type Err = InvalidLane;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A version's own grammar decides which numbers it may have.
        let version: Result<ReleaseVersion, _> = format!("{text}.0").parse();
        let lane = version.ok().map(|version| Self::of(&version));
        lane.filter(|lane| lane.to_string() == text)
            .ok_or_else(|| InvalidLane(text.to_owned()))
    }
}

impl TryFrom<String> for Lane {
    type Error = InvalidLane;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Lane> for String {
    fn from(lane: Lane) -> Self {
        lane.to_string()
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// A text that is not `X.Y`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a release lane: a lane is X.Y, such as 1.0")]
pub struct InvalidLane(String);

#[cfg(test)]
mod tests {
    use super::Lane;

    #[test]
    fn a_lane_is_two_numbers() {
        for text in ["0.1", "1.0", "12.34"] {
            assert_eq!(text.parse::<Lane>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "1",
            "1.",
            ".1",
            "01.0",
            "1.00",
            "1.0.0",
            "1.0-rc",
            "1.0+a",
            "v1.0",
            "1.x",
            " 1.0",
            "1.0\n",
            "9007199254740992.0",
        ] {
            assert!(text.parse::<Lane>().is_err(), "{text}");
        }
    }
}
