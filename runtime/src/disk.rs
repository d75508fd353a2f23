//! How much space a directory takes.

use std::path::Path;

/// The bytes of all files below `path`, links counted as themselves. What cannot be read counts as nothing.
pub fn size_of(path: &Path) -> u64 {
    let Ok(entries) = fs_err::read_dir(path) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_of(&entry.path()),
            _ => entry.metadata().map_or(0, |found| found.len()),
        })
        .sum()
}

/// Bytes for people: in the largest binary unit that leaves a number of at least one.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let mut unit = 0;
    let mut tenths = bytes * 10 / 1024;
    while tenths >= 10 * 1024 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_written_for_people() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (30 << 20, "30.0 MiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(super::human(bytes), text);
        }
    }
}
