//! The version this program was built as, for people and for tools that read the program's bytes.

/// The version of the workspace, which is that of the npm package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Lets package assembly read the version of a program that it cannot run, from its bytes: it looks for
/// `ktx-version-marker:<version>:end`.
#[used]
static MARKER: &str = concat!("ktx-version-marker:", env!("CARGO_PKG_VERSION"), ":end");

/// How the program was built, in the words of `ktx_manifest::program_marks`. `cargo xtask build` sets the variable; a
/// program that was built by hand has no profile, and cannot be released.
#[used]
static BUILD_MARK: &str = match option_env!("KTX_BUILD_MARK") {
    Some(mark) => mark,
    None => "",
};

/// What `ktx --version` prints. The marks are used here so that no linker drops them.
pub fn line() -> String {
    std::hint::black_box((MARKER, BUILD_MARK));
    format!("@kaelio/ktx {VERSION}")
}
