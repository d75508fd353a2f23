//! Code signatures: those of real tools are read, and one that is not of the bytes before it is never taken for good.

use ktx_fixtures::sample_program;
use ktx_fixtures::signed_programs::{
    ad_hoc_arm64, certified_arm64, certified_windows, certified_x64, sha256,
};
use ktx_manifest::Platform;
use ktx_release::signature::{ProgramSignature, read};

use crate::sources::{Sources, codes};

fn certified() -> ProgramSignature {
    ProgramSignature::Certified("O=Test,CN=ktx test authority".to_owned())
}

/// Each signed program, what its signature is, and where it begins.
fn signed() -> [(Vec<u8>, ProgramSignature, usize); 4] {
    [
        (ad_hoc_arm64(), ProgramSignature::AdHoc),
        (certified_arm64(), certified()),
        (certified_x64(), certified()),
        (certified_windows(), certified()),
    ]
    .map(|(program, signature)| {
        let magic = [0xfa, 0xde, 0x0c, 0xc0];
        let superblob = program.windows(4).position(|window| window == magic);
        // The table of certificates is what osslsigncode appended to 19968 bytes.
        let at = superblob.unwrap_or(19_968);
        (program, signature, at)
    })
}

#[test]
fn signatures_of_real_tools_are_read() {
    for (program, expected, _) in signed() {
        assert_eq!(read(&program), Ok(expected));
    }
    for platform in ["linux-x64", "linux-arm64", "darwin-x64", "win32-x64"] {
        let program = sample_program::program(platform, "1.2.3");
        assert_eq!(read(&program), Ok(ProgramSignature::Absent), "{platform}");
    }
    let sample = sample_program::program("darwin-arm64", "1.2.3");
    assert_eq!(read(&sample), Ok(ProgramSignature::AdHoc));
}

#[test]
fn a_byte_that_is_changed_before_the_signature_is_noticed() {
    for (program, expected, signature) in signed() {
        // The checksum of a program for Windows is filled in after it was signed.
        let headers = u32::from_le_bytes([program[60], program[61], program[62], program[63]]) as usize;
        let checksum = headers + 88..headers + 92;
        let is_windows = program.starts_with(b"MZ");
        for at in (0..signature).step_by(37).chain(0..256) {
            if is_windows && checksum.contains(&at) {
                continue;
            }
            let mut changed = program.clone();
            changed[at] ^= 1;
            assert_ne!(
                read(&changed),
                Ok(expected.clone()),
                "at {at:#x} of {}",
                program.len()
            );
        }
    }
}

#[test]
fn a_cut_or_longer_program_does_not_have_its_signature() {
    for (program, expected, _) in signed() {
        for length in (0..program.len()).step_by(97) {
            assert_ne!(read(&program[..length]), Ok(expected.clone()), "{length}");
        }
        let longer = [program.as_slice(), &[0; 8]].concat();
        assert!(read(&longer).is_err());
    }
}

fn replaced(program: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = program.windows(from.len()).position(|window| window == from);
    let mut program = program.to_vec();
    program[at.expect("it is there")..][..to.len()].copy_from_slice(to);
    program
}

/// An attacker who changes a program can also change the digests of its bytes, and the digest of those,
/// but cannot sign them.
#[test]
fn digests_that_were_corrected_are_not_those_that_were_signed() {
    for program in [certified_arm64(), certified_x64()] {
        let page = 4096..8192;
        let mut changed = program.clone();
        changed[page.start] ^= 1;
        let [before, after] = [&program, &changed].map(|program| sha256(&program[page.clone()]));
        assert!(read(&changed).is_err_and(|error| error.ends_with("its bytes in the page at 0x1000")));
        let corrected = replaced(&changed, &before, &after);
        assert_eq!(
            read(&corrected),
            Err("its signature is of another content".to_owned())
        );
        let [before, after] = [&program, &corrected].map(|program| sha256(directory(program)));
        let corrected = replaced(&corrected, &before, &after);
        assert_eq!(
            read(&corrected),
            Err("its signature is not one by the key of its certificate".to_owned())
        );
    }
    // Without a certificate there is nothing to contradict. Zig's linker makes pages of 16 KiB.
    let program = ad_hoc_arm64();
    let mut changed = program.clone();
    changed[0x400] ^= 1;
    let [before, after] = [&program, &changed].map(|program| sha256(&program[..16_384]));
    assert_eq!(
        read(&replaced(&changed, &before, &after)),
        Ok(ProgramSignature::AdHoc)
    );
}

/// The code directory, which is the first blob of the signature.
fn directory(program: &[u8]) -> &[u8] {
    let magic = [0xfa, 0xde, 0x0c, 0x02];
    let at = program
        .windows(4)
        .position(|window| window == magic)
        .expect("it is there");
    let length = u32::from_be_bytes(program[at + 4..at + 8].try_into().expect("four bytes"));
    &program[at..at + length as usize]
}

#[test]
fn a_program_with_a_broken_signature_is_not_packed() {
    let mut damaged = sample_program::program("darwin-arm64", "1.2.3");
    for (change, expected) in [(0, &[][..]), (1, &["program-signature"])] {
        let mut sources = Sources::new();
        // A byte that nothing else looks at.
        damaged[24] ^= change;
        sources.programs.insert(Platform::DarwinArm64, damaged.clone());
        assert_eq!(codes(sources.plan_package()), expected);
    }
}
