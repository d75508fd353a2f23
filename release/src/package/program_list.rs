//! The size of each program in the package, which the launcher compares before it starts one: a truncated program would
//! only crash. One JSON object, bytes by platform.

use std::collections::BTreeMap;

use ktx_manifest::Platform;

use super::contents::PackageContents;

pub const PROGRAM_LIST: &str = "dist/programs.json";

/// What the list of this package's programs says.
pub fn text(contents: &PackageContents) -> String {
    let sizes: BTreeMap<_, _> = Platform::ALL
        .into_iter()
        .filter_map(|platform| {
            Some((
                platform.as_str(),
                contents.get(&platform.program_path())?.bytes.len(),
            ))
        })
        .collect();
    ktx_manifest::json_text(&sizes)
}
