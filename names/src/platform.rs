//! The platforms that a package carries a program for, by Node's names. Knows no target triples: those are the build's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `process.platform` and `process.arch` of Node, joined by a hyphen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    DarwinArm64,
    DarwinX64,
    LinuxArm64,
    LinuxX64,
    Win32X64,
}

/// The name is none of [`Platform::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown platform `{}`, expected one of darwin-arm64, darwin-x64, linux-arm64, linux-x64, win32-x64", .0.escape_debug())]
pub struct UnknownPlatform(pub String);

impl Platform {
    /// Every platform, in the order of the names.
    pub const ALL: [Self; 5] = [
        Self::DarwinArm64,
        Self::DarwinX64,
        Self::LinuxArm64,
        Self::LinuxX64,
        Self::Win32X64,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DarwinArm64 => "darwin-arm64",
            Self::DarwinX64 => "darwin-x64",
            Self::LinuxArm64 => "linux-arm64",
            Self::LinuxX64 => "linux-x64",
            Self::Win32X64 => "win32-x64",
        }
    }

    /// The platform this program was built for, or `None` when a package never carries one for it.
    pub const fn host() -> Option<Self> {
        if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            Some(Self::LinuxX64)
        } else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
            Some(Self::LinuxArm64)
        } else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
            Some(Self::DarwinX64)
        } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
            Some(Self::DarwinArm64)
        } else if cfg!(all(target_os = "windows", target_arch = "x86_64")) {
            Some(Self::Win32X64)
        } else {
            None
        }
    }

    pub const fn is_windows(self) -> bool {
        matches!(self, Self::Win32X64)
    }

    /// File name of the program: `ktx`, on Windows `ktx.exe`.
    pub const fn program_file(self) -> &'static str {
        if self.is_windows() { "ktx.exe" } else { "ktx" }
    }

    /// Where the program is in the package: `native/<platform>/ktx[.exe]`.
    pub fn program_path(self) -> String {
        format!("native/{self}/{}", self.program_file())
    }
}

impl FromStr for Platform {
    type Err = UnknownPlatform;

    fn from_str(text: &str) -> Result<Self, UnknownPlatform> {
        let known = Self::ALL.into_iter().find(|platform| platform.as_str() == text);
        known.ok_or_else(|| UnknownPlatform(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = UnknownPlatform;

    fn try_from(text: String) -> Result<Self, UnknownPlatform> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.as_str().to_owned()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Platform;

    #[test]
    fn reads_every_name_it_writes_and_no_other() {
        for platform in Platform::ALL {
            assert_eq!(platform.to_string().parse(), Ok(platform));
        }
        for name in [
            "",
            "linux",
            "linux-x86_64",
            "Linux-x64",
            "linux-x64 ",
            "win32-arm64",
            "windows-x64",
            "linux/x64",
        ] {
            assert!(
                name.parse::<Platform>().is_err(),
                "{name:?} was read as a platform"
            );
        }
    }

    #[test]
    fn only_windows_programs_have_an_extension() {
        assert_eq!(Platform::Win32X64.program_path(), "native/win32-x64/ktx.exe");
        assert_eq!(Platform::LinuxArm64.program_path(), "native/linux-arm64/ktx");
    }
}
