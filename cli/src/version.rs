//! The version this program was built as, for people and for whoever reads the program's bytes.

/// The version of the workspace, which is that of the npm package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Lets package assembly read the version of a program that it cannot run, from its bytes: it looks for
/// `ktx-version-marker:<version>:end`.
#[used]
static MARKER: &str = concat!("ktx-version-marker:", env!("CARGO_PKG_VERSION"), ":end");

/// What `ktx --version` prints. The marker is looked at so that no linker finds it unused.
pub fn line() -> String {
    std::hint::black_box(MARKER);
    format!("@kaelio/ktx {VERSION}")
}
