//! Where the wheel and the locked requirements of this program are.

use std::path::{Path, PathBuf};

use ktx_manifest::asset_manifest::ASSET_MANIFEST_FILE;
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::{AssetError, BundledAssets};

use crate::Environment;
use crate::layout::Layout;

/// What the program was run from, which decides how a user repairs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An installed npm package.
    Package,
    /// A checkout of the sources.
    Checkout,
}

/// The asset directory: `KTX_ASSET_DIR`, else `assets/python` of `KTX_PACKAGE_ROOT`, else of the package that the
/// program is in when that has a manifest, else of the package tree that was built in the checkout that the program is
/// in. Without any of these, where the package's would be.
pub fn directory(environment: &Environment) -> PathBuf {
    if let Some(directory) = environment.variable("KTX_ASSET_DIR") {
        return PathBuf::from(directory);
    }
    if let Some(root) = environment.variable("KTX_PACKAGE_ROOT") {
        return assets_under(Path::new(root));
    }
    // native/<platform>/ktx: three steps up is the package.
    let package = environment
        .program()
        .and_then(|program| program.ancestors().nth(3))
        .map(assets_under);
    let holds_manifest = |directory: &&PathBuf| directory.join(ASSET_MANIFEST_FILE).is_file();
    if let Some(package) = package.as_ref().filter(holds_manifest) {
        return package.clone();
    }
    let built = environment
        .program()
        .and_then(checkout_of)
        .map(|root| assets_under(&built_package(root)));
    built.or(package).unwrap_or_else(|| assets_under(Path::new("")))
}

/// Whether these assets are those of a checkout.
pub fn origin(layout: &Layout) -> Origin {
    match checkout_of(&layout.asset_dir) {
        Some(root) if layout.asset_dir.starts_with(built_package(root)) => Origin::Checkout,
        _ => Origin::Package,
    }
}

/// The manifest of the assets, read but not compared with the files it names.
pub fn load(layout: &Layout) -> Result<BundledAssets, AssetError> {
    BundledAssets::load(&layout.asset_dir)
}

fn assets_under(package: &Path) -> PathBuf {
    ASSETS
        .split('/')
        .fold(package.to_owned(), |folder, name| folder.join(name))
}

fn built_package(checkout: &Path) -> PathBuf {
    checkout.join("dist").join("package")
}

/// The checkout of this project that contains a path, recognised by files that only its root has.
fn checkout_of(path: &Path) -> Option<&Path> {
    path.ancestors().find(|root| {
        ["Cargo.toml", "release-policy.json"]
            .iter()
            .all(|file| root.join(file).is_file())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_wins() {
        let checkout = tempfile::tempdir().expect("a directory");
        let program = checkout.path().join("target/debug/ktx");
        let plain = Environment::of_variables::<&str, &str>([]).with_program(&program);
        let beside = checkout.path().join("assets/python");
        assert_eq!(directory(&plain), beside, "so that the message names the package");

        for file in ["Cargo.toml", "release-policy.json"] {
            fs_err::write(checkout.path().join(file), "").expect("a file");
        }
        assert_eq!(
            directory(&plain),
            checkout.path().join("dist/package/assets/python")
        );

        fs_err::create_dir_all(&beside).expect("a directory");
        fs_err::write(beside.join("manifest.json"), "{}").expect("a manifest");
        assert_eq!(directory(&plain), beside);

        let named = [("KTX_PACKAGE_ROOT", "/p"), ("KTX_ASSET_DIR", "/a")];
        let environment =
            |count| Environment::of_variables(named[..count].iter().copied()).with_program(&program);
        assert_eq!(directory(&environment(1)), Path::new("/p/assets/python"));
        assert_eq!(directory(&environment(2)), Path::new("/a"));
    }

    #[test]
    fn only_what_a_checkout_built_is_of_a_checkout() {
        let checkout = tempfile::tempdir().expect("a directory");
        let origin_of = |assets: &str| {
            let assets = checkout.path().join(assets);
            origin(&Layout::under_root(
                crate::HostPlatform::CURRENT,
                Path::new("/r"),
                "1.0.0",
                &assets,
            ))
        };
        assert_eq!(origin_of("dist/package/assets/python"), Origin::Package);
        for file in ["Cargo.toml", "release-policy.json"] {
            fs_err::write(checkout.path().join(file), "").expect("a file");
        }
        assert_eq!(origin_of("dist/package/assets/python"), Origin::Checkout);
        assert_eq!(
            origin_of("node_modules/@kaelio/ktx/assets/python"),
            Origin::Package
        );
    }
}
