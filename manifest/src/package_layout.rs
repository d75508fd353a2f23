//! Where a package holds what both sides look for: `release` puts it there, `ktx` reads it there. Paths from the root
//! of the package, with forward slashes.

/// The folder of the wheel, its locked requirements and their manifest.
pub const ASSETS: &str = "assets/python";

/// The manifest of [`ASSETS`].
pub const ASSET_MANIFEST: &str = "assets/python/manifest.json";

/// The uv that `ktx` downloads when the user agrees.
pub const UV_PIN: &str = "assets/uv.json";

/// The folder of the demo project.
pub const DEMO: &str = "assets/demo";

/// The licence texts of everything in the programs.
pub const NOTICES: &str = "THIRD-PARTY-NOTICES";

#[cfg(test)]
mod tests {
    use super::{ASSET_MANIFEST, ASSETS, UV_PIN};
    use crate::asset_manifest::ASSET_MANIFEST_FILE;
    use crate::uv_pin::UV_PIN_FILE;

    #[test]
    fn the_names_of_the_formats_are_those_of_the_layout() {
        assert_eq!(ASSET_MANIFEST, format!("{ASSETS}/{ASSET_MANIFEST_FILE}"));
        assert_eq!(UV_PIN.rsplit_once('/').map(|(_, name)| name), Some(UV_PIN_FILE));
    }
}
