//! Words that the release toolchain and the shipped program share: platforms, packages and their file names, findings.
//!
//! Pure: no file, process, clock or network. Formats that are written to disk are in `ktx-manifest`.

mod build_profile;
mod feature;
mod finding;
mod package;
mod platform;

pub use self::build_profile::BuildProfile;
pub use self::feature::{Feature, UnknownFeature};
pub use self::finding::{Finding, JsonPlace, Severity};
pub use self::package::{ArtifactPackage, DISTRIBUTION_NAME, Ecosystem, NPM_PACKAGE, WHEEL_TAG};
pub use self::platform::{Platform, UnknownPlatform};
