//! The metadata directory: that there is one, and that METADATA and WHEEL agree with the file name.

use pep440_rs::Version;

use super::Headers;
use crate::archive::Entry;
use crate::wheel_filename::{WHEEL_TAG, WheelFilename};
use ktx_names::Finding;

/// Exactly one metadata directory, the one that the file name demands.
pub(super) fn directory(entries: &[Entry], filename: &WheelFilename) -> Option<Finding> {
    let tops = entries.iter().filter_map(|entry| entry.path.names().next());
    let mut found = tops
        .filter(|top| top.to_lowercase().ends_with(".dist-info"))
        .collect::<Vec<_>>();
    found.sort_unstable();
    found.dedup();
    let expected = filename.dist_info();
    (found != [expected.as_str()]).then(|| {
        let found = if found.is_empty() {
            "none".to_owned()
        } else {
            found.join(", ")
        };
        let message = format!("the wheel's metadata directory must be {expected}, found {found}");
        Finding::error("wheel-metadata-directory", message)
    })
}

/// METADATA, when it can be read at all, and what is wrong with it.
pub(super) fn core_metadata(text: &[u8], filename: &WheelFilename) -> (Option<Headers>, Vec<Finding>) {
    let fault = |code, cause: String| {
        Finding::error(code, format!("failed to read `METADATA` of the wheel: {cause}"))
    };
    let headers = match Headers::parse(text) {
        Ok(headers) => headers,
        Err(cause) => return (None, vec![fault("wheel-metadata-invalid", cause)]),
    };
    let mut findings = Vec::new();
    let fields = ["Metadata-Version", "Name", "Version", "Requires-Python"].map(|name| headers.once(name));
    let [format, name, version, _] = &fields;
    let repeated = fields.iter().filter_map(|field| field.as_ref().err());
    findings.extend(repeated.map(|cause| fault("wheel-metadata-invalid", cause.clone())));
    if let Ok(format) = format
        && !format.is_some_and(is_known_format)
    {
        let cause = format!(
            "Metadata-Version is {}, expected 2.1 or a later 2",
            spoken(*format)
        );
        findings.push(fault("wheel-metadata-invalid", cause));
    }
    if let Ok(name) = name
        && name.map(normalised).as_deref() != Some(filename.distribution())
    {
        let cause = format!(
            "Name is {}, the file's is {}",
            spoken(*name),
            filename.distribution()
        );
        findings.push(fault("wheel-metadata-name", cause));
    }
    if let Ok(version) = version
        && version
            .and_then(|version| version.parse::<Version>().ok())
            .as_ref()
            != Some(filename.version())
    {
        let cause = format!(
            "Version is {}, the file's is {}",
            spoken(*version),
            filename.version()
        );
        findings.push(fault("wheel-metadata-version", cause));
    }
    (Some(headers), findings)
}

/// What is wrong with WHEEL.
pub(super) fn wheel_file(text: &[u8]) -> Vec<Finding> {
    let fault = |cause: String| {
        Finding::error(
            "wheel-wheel-invalid",
            format!("failed to read `WHEEL` of the wheel: {cause}"),
        )
    };
    let headers = match Headers::parse(text) {
        Ok(headers) => headers,
        Err(cause) => return vec![fault(cause)],
    };
    let expected = [
        ("Wheel-Version", Some("1.0")),
        ("Root-Is-Purelib", Some("true")),
        ("Tag", Some(WHEEL_TAG)),
        ("Build", None),
    ];
    let judge = |(name, expected): (&str, Option<&str>)| match headers.once(name) {
        Err(cause) => Some(fault(cause)),
        Ok(found) if found == expected => None,
        Ok(found) => Some(fault(format!(
            "{name} is {}, expected {}",
            spoken(found),
            spoken(expected)
        ))),
    };
    expected.into_iter().filter_map(judge).collect()
}

/// Whether METADATA is of a format that has all that is read here: later minor versions only add fields.
fn is_known_format(format: &str) -> bool {
    let minor = format
        .strip_prefix("2.")
        .and_then(|minor| minor.parse::<u8>().ok());
    minor.is_some_and(|minor| minor >= 1 && format == format!("2.{minor}"))
}

/// A distribution's name as wheels write it.
fn normalised(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

fn spoken(value: Option<&str>) -> String {
    value.map_or_else(
        || "missing".to_owned(),
        |value| format!("\"{}\"", value.escape_debug()),
    )
}
