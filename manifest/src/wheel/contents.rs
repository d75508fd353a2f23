//! What a pure wheel may hold: by path and by first bytes. Knows no metadata.

use crate::archive_path::ArchivePath;
use ktx_names::Finding;

/// How many bytes of a file [`judge`] needs.
pub(super) const HEAD_BYTES: usize = 4;

/// Extensions of code for one platform.
const NATIVE_EXTENSIONS: [&str; 9] = ["so", "pyd", "dylib", "dll", "a", "lib", "o", "exe", "node"];
/// ELF, Mach-O in both byte orders and as a universal file, and Windows programs.
const NATIVE_HEADS: [&[u8]; 7] = [
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"MZ\x90\x00",
];
/// Modules that Python imports by itself when it starts.
const START_UP_MODULES: [&str; 2] = ["sitecustomize", "usercustomize"];

/// What is wrong with a file being in the wheel at all.
pub(super) fn judge(path: &ArchivePath, head: &[u8]) -> Option<Finding> {
    let name = path.file_name().to_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let top = path.names().next().unwrap_or_default().to_lowercase();
    let versioned = name.contains(".so.");
    let start_up = START_UP_MODULES.contains(&top.split('.').next().unwrap_or_default());
    let (code, rule) = if extension == "pth" {
        (
            "wheel-path-configuration",
            "a `.pth` file runs code whenever Python starts",
        )
    } else if start_up {
        ("wheel-start-up-module", "Python imports it whenever it starts")
    } else if top.ends_with(".data") {
        (
            "wheel-data-directory",
            "a `.data` directory installs files outside of the packages",
        )
    } else if extension == "pyc" || path.names().any(|name| name == "__pycache__") {
        (
            "wheel-bytecode",
            "compiled bytecode can differ from the source beside it",
        )
    } else if versioned || NATIVE_EXTENSIONS.contains(&extension) || NATIVE_HEADS.contains(&head) {
        (
            "wheel-native-code",
            "a wheel for every platform has no native code",
        )
    } else {
        return None;
    };
    Some(Finding::error(
        code,
        format!("`{path}` does not belong into the wheel: {rule}"),
    ))
}
