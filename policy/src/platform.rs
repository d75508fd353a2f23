//! The platforms that a release can be for.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A platform as Node names it, `<process.platform>-<process.arch>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Platform {
    /// Linux on x86-64, linked statically.
    #[serde(rename = "linux-x64")]
    LinuxX64,
    /// Linux on 64-bit ARM, linked statically.
    #[serde(rename = "linux-arm64")]
    LinuxArm64,
    /// macOS on Intel.
    #[serde(rename = "darwin-x64")]
    DarwinX64,
    /// macOS on Apple silicon.
    #[serde(rename = "darwin-arm64")]
    DarwinArm64,
    /// Windows on x86-64.
    #[serde(rename = "win32-x64")]
    Win32X64,
}

impl Platform {
    /// Every platform, in the order of the enum.
    pub const ALL: [Self; 5] = [
        Self::LinuxX64,
        Self::LinuxArm64,
        Self::DarwinX64,
        Self::DarwinArm64,
        Self::Win32X64,
    ];

    /// Where every scenario of a smoke can run, so that none may be skipped. Other systems have no network namespaces,
    /// no Debian packages and no emulators.
    pub const COMPLETE: Self = Self::LinuxX64;

    /// The name, as in `release-policy.json` and in the folder `native/<name>` of the package.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinuxX64 => "linux-x64",
            Self::LinuxArm64 => "linux-arm64",
            Self::DarwinX64 => "darwin-x64",
            Self::DarwinArm64 => "darwin-arm64",
            Self::Win32X64 => "win32-x64",
        }
    }

    /// The platform of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.name() == name)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
