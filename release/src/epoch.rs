//! `SOURCE_DATE_EPOCH`: the only time that may appear in what is built.
//!
//! Knows its [specification] and the range of a zip entry's time; it never asks the clock.
//!
//! [specification]: https://reproducible-builds.org/specs/source-date-epoch/

use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// 1980-01-01T00:00:00Z, the first moment that a zip entry can carry.
const ZIP_FIRST: i64 = 315_532_800;
/// 2107-12-31T23:59:58Z, the last one.
const ZIP_LAST: i64 = 4_354_819_198;

/// Seconds since 1970-01-01T00:00:00Z, not later than zip can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceDateEpoch(i64);

/// Why a value of `SOURCE_DATE_EPOCH` was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    #[error("malformed SOURCE_DATE_EPOCH {0:?}: not a whole number of seconds since 1970")]
    Malformed(String),
    #[error(
        "malformed SOURCE_DATE_EPOCH {0:?}: later than 2107-12-31T23:59:58Z, the last time a zip can hold"
    )]
    TooLate(String),
}

impl EpochError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "unset SOURCE_DATE_EPOCH, or set it to what `git log -1 --format=%ct` prints"
    }
}

impl FromStr for SourceDateEpoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EpochError::Malformed(text.to_owned()));
        }
        match text.parse() {
            Ok(seconds) if seconds <= ZIP_LAST => Ok(SourceDateEpoch(seconds)),
            _ => Err(EpochError::TooLate(text.to_owned())),
        }
    }
}

impl SourceDateEpoch {
    /// The moment, for the artifact manifest.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_second(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The time of every entry of a zip archive: the epoch, else the format's first moment.
///
/// An epoch before 1980 becomes 1980, as the tools around wheels have it, since zip cannot tell it.
pub fn zip_time(epoch: Option<SourceDateEpoch>) -> zip::DateTime {
    let seconds = epoch.map_or(ZIP_FIRST, |epoch| epoch.0.clamp(ZIP_FIRST, ZIP_LAST));
    let moment = Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    zip::DateTime::from_date_and_time(
        u16::try_from(moment.year()).unwrap_or(1980),
        part(moment.month()),
        part(moment.day()),
        part(moment.hour()),
        part(moment.minute()),
        part(moment.second()),
    )
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let parsed: Result<SourceDateEpoch, _> = text.parse();
        assert_eq!(
            parsed
                .ok()
                .map(|epoch| zip_time(Some(epoch)).to_string())
                .as_deref(),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn an_epoch_is_a_whole_number_within_what_zip_can_tell() {
        check("0", Some("1980-01-01 00:00:00"));
        check("315532799", Some("1980-01-01 00:00:00"));
        check("315532800", Some("1980-01-01 00:00:00"));
        check("1700000000", Some("2023-11-14 22:13:20"));
        check("4354819198", Some("2107-12-31 23:59:58"));

        check("4354819199", None);
        check("99999999999999999999", None);
        check("", None);
        check(" 1700000000", None);
        check("1700000000\n", None);
        check("+1", None);
        check("-1", None);
        check("1.5", None);
        check("0x10", None);
        check("2023-11-14", None);
        check("١", None);
    }

    #[test]
    fn without_an_epoch_entries_carry_the_first_moment_of_the_format() {
        assert_eq!(zip_time(None).to_string(), "1980-01-01 00:00:00");
    }

    #[test]
    fn the_moment_is_in_utc() {
        assert_eq!(
            SourceDateEpoch(1_924_992_000).timestamp().to_string(),
            "2031-01-01T00:00:00Z"
        );
    }
}
