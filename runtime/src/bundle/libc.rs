//! Whether a bundle's wheels run with the C library of this machine. `ktx` and the pinned uv are static and run with any.

use std::path::Path;

use ktx_manifest::Platform;
use ktx_manifest::runtime_bundle::BundleManifest;

/// Whether a wheel for the platform is one for glibc alone, as its name says (PEP 600, PEP 656).
pub(super) fn needs_glibc(manifest: &BundleManifest, platform: Platform) -> bool {
    let contents = manifest.platforms.get(&platform);
    contents.is_some_and(|contents| {
        contents
            .wheels
            .iter()
            .map(|wheel| wheel.file_name())
            .any(|name| name.contains("manylinux") && !name.contains("musllinux"))
    })
}

/// Whether the system at a root has the loader of musl, and not that of glibc. NixOS has neither, and runs wheels for
/// glibc.
pub(super) fn is_musl_below(root: &Path) -> bool {
    let has_loader = |prefix: &str| {
        ["lib", "lib64"].iter().any(|folder| {
            let Ok(entries) = fs_err::read_dir(root.join(folder)) else {
                return false;
            };
            let mut names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
            names.any(|name| name.to_string_lossy().starts_with(prefix))
        })
    };
    has_loader("ld-musl-") && !has_loader("ld-linux-")
}

#[cfg(test)]
mod tests {
    use super::is_musl_below;

    #[test]
    fn the_loader_tells_the_library() {
        for (files, is_musl) in [
            (&["lib/ld-musl-x86_64.so.1"][..], true),
            (&["lib/ld-musl-aarch64.so.1", "lib64/other"], true),
            // Debian with the package `musl`.
            (&["lib/ld-musl-x86_64.so.1", "lib64/ld-linux-x86-64.so.2"], false),
            // Alpine with `gcompat`, which has the loader of glibc.
            (&["lib/ld-musl-aarch64.so.1", "lib/ld-linux-aarch64.so.1"], false),
            (&["lib64/ld-linux-x86-64.so.2"], false),
            (&[], false),
        ] {
            let root = tempfile::tempdir().expect("a folder");
            for file in files {
                let path = root.path().join(file);
                fs_err::create_dir_all(path.parent().expect("a parent")).expect("a folder");
                fs_err::write(path, "").expect("written");
            }
            assert_eq!(is_musl_below(root.path()), is_musl, "{files:?}");
        }
    }
}
