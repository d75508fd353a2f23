//! What can be wrong with the code signature of a program. Real tools signed the programs that are damaged.

use std::io::{Read, Result};

use flate2::read::GzDecoder;
use ktx_manifest::Platform;
use sha2::{Digest, Sha256};

use super::{Artifact, Catcher, Sabotage};

const AD_HOC: &[u8] = include_bytes!("../../../fixtures/cases/signatures/ad-hoc-arm64.macho.gz");
const FOR_APPLE: &[u8] = include_bytes!("../../../fixtures/cases/signatures/certified-arm64.macho.gz");
const FOR_WINDOWS: &[u8] = include_bytes!("../../../fixtures/cases/signatures/certified.exe.gz");

const PAGE: std::ops::Range<usize> = 4096..8192;

/// A sabotage that puts a signed program in a platform's place, after something was done to it.
macro_rules! refused {
    ($name:literal, $code:literal, $platform:ident, $program:ident, $change:expr) => {
        Sabotage {
            name: $name,
            apply: |artifact| put(artifact, Platform::$platform, $program, $change),
            caught_by: Catcher::Verify($code),
        }
    };
}

pub const ALL: &[Sabotage] = &[
    refused!(
        "changed-after-signing-for-macos",
        "program-signature",
        DarwinArm64,
        FOR_APPLE,
        |program| program[PAGE.start] ^= 1
    ),
    refused!(
        "changed-after-signing-and-digested-again",
        "program-signature",
        DarwinArm64,
        FOR_APPLE,
        |program| {
            let before = Sha256::digest(&program[PAGE]);
            program[PAGE.start] ^= 1;
            let after = Sha256::digest(&program[PAGE]);
            let found = program
                .windows(before.len())
                .position(|window| *window == *before);
            if let Some(at) = found {
                program[at..at + after.len()].copy_from_slice(&after);
            }
        }
    ),
    refused!(
        "bytes-behind-the-signature-for-macos",
        "program-signature",
        DarwinArm64,
        FOR_APPLE,
        |program| program.extend([0; 16])
    ),
    refused!(
        "linked-for-apple-silicon-and-changed",
        "program-signature",
        DarwinArm64,
        AD_HOC,
        |program| program[PAGE.start] ^= 1
    ),
    refused!(
        "changed-after-signing-for-windows",
        "program-signature",
        Win32X64,
        FOR_WINDOWS,
        |program| program[PAGE.start] ^= 1
    ),
    refused!(
        "bytes-behind-the-signature-for-windows",
        "program-signature",
        Win32X64,
        FOR_WINDOWS,
        |program| program.extend([0; 8])
    ),
];

fn put(artifact: &mut Artifact, platform: Platform, program: &[u8], change: fn(&mut Vec<u8>)) -> Result<()> {
    let mut bytes = Vec::new();
    GzDecoder::new(program).read_to_end(&mut bytes)?;
    change(&mut bytes);
    let path = format!("package/{}", platform.program_path());
    artifact.package.add(&path, bytes, 0o755)
}
