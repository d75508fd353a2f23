//! Which programs a package takes, by their headers, by the version in their bytes, and by the host's answer.

use ktx_fixtures::sample_program::{self as programs, Elf, MachO};
use ktx_fixtures::signed_programs::{CODE_SIGNATURE, sign_sample};
use ktx_manifest::Platform;
use ktx_release::package::HostAnswer;

use crate::package::check;
use crate::sources::Sources;

#[test]
fn a_program_must_be_for_its_platform() {
    let put = |platform: Platform, header: Vec<u8>| {
        move |sources: &mut Sources| {
            drop(
                sources
                    .programs
                    .insert(platform, programs::marked(header.clone(), "1.2.3")),
            )
        }
    };
    let elf = |fields: Elf| put(Platform::LinuxX64, programs::elf(fields));
    check(
        elf(Elf {
            kind: 2,
            ..Elf::default()
        }),
        &[],
    );
    check(
        elf(Elf {
            system: 3,
            ..Elf::default()
        }),
        &[],
    );
    check(
        elf(Elf {
            machine: 183,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            machine: 243,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            system: 9,
            ..Elf::default()
        }),
        &["program-platform"],
    );
    check(
        elf(Elf {
            kind: 1,
            ..Elf::default()
        }),
        &["program-unreadable"],
    );
    check(
        elf(Elf {
            segment: 3,
            ..Elf::default()
        }),
        &["program-not-static"],
    );
    check(
        put(Platform::LinuxX64, programs::elf(Elf::default())[..40].to_vec()),
        &["program-unreadable"],
    );
    check(
        put(Platform::LinuxX64, b"#!/bin/sh\n".to_vec()),
        &["program-unreadable"],
    );
    check(put(Platform::LinuxX64, Vec::new()), &["program-unreadable"]);
    check(
        put(Platform::LinuxX64, programs::pe(0x8664, 2)),
        &["program-platform"],
    );

    let arm = 0x0100_000c;
    let signed = |platform: Platform, kind: MachO| {
        move |sources: &mut Sources| {
            let header = programs::macho(arm, kind, &[CODE_SIGNATURE]);
            let program = sign_sample(programs::marked(header, "1.2.3"));
            drop(sources.programs.insert(platform, program));
        }
    };
    check(
        put(
            Platform::DarwinArm64,
            programs::macho(arm, MachO::Executable, &[]),
        ),
        &["program-unsigned"],
    );
    // Another load command, LC_UUID, is not a signature.
    check(
        put(
            Platform::DarwinArm64,
            programs::macho(arm, MachO::Executable, &[0x1b]),
        ),
        &["program-unsigned"],
    );
    check(
        signed(Platform::DarwinArm64, MachO::Library),
        &["program-unreadable"],
    );
    check(
        signed(Platform::DarwinX64, MachO::Executable),
        &["program-platform"],
    );
    check(
        put(Platform::DarwinX64, b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec()),
        &["program-unreadable"],
    );
    check(
        put(Platform::Win32X64, programs::pe(0xaa64, 2)),
        &["program-platform"],
    );
    check(
        put(Platform::Win32X64, programs::pe(0x8664, 0x2002)),
        &["program-unreadable"],
    );
}

#[test]
fn a_program_must_be_of_the_version() {
    let put = |tail: &'static str| {
        move |sources: &mut Sources| {
            let mut program = programs::elf(Elf::default());
            program.extend_from_slice(tail.as_bytes());
            sources.programs.insert(Platform::LinuxX64, program);
        }
    };
    check(put("ktx-version-marker:1.2.3:end"), &[]);
    check(
        put("ktx-version-marker:1.2.3:end ktx-version-marker:1.2.3:end"),
        &[],
    );
    check(put("ktx-version-marker: ktx-version-marker:1.2.3:end"), &[]);
    check(put(""), &["program-version"]);
    check(put("ktx-version-marker:1.2.4:end"), &["program-version"]);
    check(put("ktx-version-marker:1.2.3-rc.1:end"), &["program-version"]);
    check(put("ktx-version-marker:1.2.3"), &["program-version"]);
    check(
        put("ktx-version-marker:1.2.3:end ktx-version-marker:1.2.4:end"),
        &["program-version"],
    );
}

#[test]
fn the_hosts_program_must_say_its_version() {
    let answer = |answer: HostAnswer| move |sources: &mut Sources| sources.host_answer = Some(answer.clone());
    let said = |text: &str| answer(HostAnswer::Said(text.to_owned()));
    check(said("@kaelio/ktx 1.2.4\n"), &["program-version"]);
    check(said("ktx 1.2.3\n"), &["program-version"]);
    check(said(""), &["program-version"]);
    check(
        answer(HostAnswer::Failed("signal: 11".to_owned())),
        &["program-version"],
    );
}
