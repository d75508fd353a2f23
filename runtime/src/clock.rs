//! Points in time as manifests write them.

/// UTC, RFC 3339, with exactly three digits of a second: `2031-02-03T04:05:06.000Z`.
pub fn to_text(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn has_milliseconds_always() {
        for (time, text) in [
            ("2031-02-03T04:05:06Z", "2031-02-03T04:05:06.000Z"),
            ("2031-02-03T04:05:06.123987Z", "2031-02-03T04:05:06.123Z"),
        ] {
            assert_eq!(super::to_text(time.parse().expect("a time")), text);
        }
    }
}
