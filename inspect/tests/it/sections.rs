//! A byte planted in a program is named by the section that holds it, in the format of every platform.

use ktx_inspect::{Kind, differences};
use ktx_names::Platform;

use crate::packages::Sample;

/// Where a difference at `offset` of this program is.
#[track_caller]
fn place(platform: Platform, program: &[u8], offset: usize) -> Option<String> {
    let path = platform.program_path();
    let with = |program: Vec<u8>| {
        let mut sample = Sample::new();
        sample.files.insert(path.clone(), (program, true));
        sample.package()
    };
    let mut planted = program.to_vec();
    planted[offset] ^= 1;
    let found = differences(&with(program.to_vec()), &with(planted));
    let [difference] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(difference.path, path);
    let Kind::Content {
        offset: at, place, ..
    } = &difference.kind
    else {
        panic!("{difference:?}")
    };
    assert_eq!(*at, offset);
    place.clone()
}

/// An ELF program as a linker of the time of this test would write it: a header, one section, and their table.
fn elf() -> Vec<u8> {
    let names = b"\0.text\0.names\0";
    let mut program = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    program.extend([2, 0, 0x3e, 0, 1, 0, 0, 0]);
    program.extend([0; 16]);
    // The table of sections, after the text and the names.
    program.extend((64 + 16 + 16_u64).to_le_bytes());
    program.extend([0; 4]);
    program.extend([64, 0, 56, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
    program.extend([0x90; 16]);
    program.extend(names);
    program.resize(96, 0);
    for (name, kind, start, size) in [
        (0_u32, 0_u32, 0_u64, 0_u64),
        (1, 1, 64, 16),
        (7, 3, 80, names.len() as u64),
    ] {
        program.extend(name.to_le_bytes());
        program.extend(kind.to_le_bytes());
        program.extend([0; 16]);
        program.extend(start.to_le_bytes());
        program.extend(size.to_le_bytes());
        program.extend([0; 24]);
    }
    program
}

/// <https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h>
fn mach_o() -> Vec<u8> {
    let mut program = Vec::new();
    for word in [0xfeed_facf_u32, 0x0100_0007, 3, 2, 1, 152, 0, 0, 0x19, 152] {
        program.extend(word.to_le_bytes());
    }
    let name = |text: &str| {
        let mut name = text.as_bytes().to_vec();
        name.resize(16, 0);
        name
    };
    program.extend(name("__TEXT"));
    for word in [0_u64, 16, 184, 16] {
        program.extend(word.to_le_bytes());
    }
    for word in [7_u32, 5, 1, 0] {
        program.extend(word.to_le_bytes());
    }
    program.extend(name("__text"));
    program.extend(name("__TEXT"));
    for word in [0_u64, 16] {
        program.extend(word.to_le_bytes());
    }
    for word in [184_u32, 0, 0, 0, 0, 0, 0, 0] {
        program.extend(word.to_le_bytes());
    }
    assert_eq!(program.len(), 184);
    program.extend([0x90; 16]);
    program
}

/// <https://learn.microsoft.com/en-us/windows/win32/debug/pe-format>
fn pe() -> Vec<u8> {
    let mut program = b"MZ".to_vec();
    program.resize(60, 0);
    program.extend(64_u32.to_le_bytes());
    program.extend(b"PE\0\0");
    program.extend([0x64, 0x86, 1, 0]);
    program.extend([0; 12]);
    program.extend([240, 0, 0x22, 0]);
    let mut optional = vec![0x0b, 2];
    optional.resize(240, 0);
    optional[108] = 16;
    program.extend(optional);
    program.extend(b".text\0\0\0");
    for word in [16_u32, 0x1000, 16, 512, 0, 0, 0, 0x6000_0020] {
        program.extend(word.to_le_bytes());
    }
    program.resize(512, 0);
    program.extend([0x90; 16]);
    program
}

#[test]
fn each_format_names_its_sections() {
    for (platform, program, offset, expected) in [
        (Platform::LinuxX64, elf(), 5, "header"),
        (Platform::LinuxX64, elf(), 64, ".text"),
        (Platform::LinuxX64, elf(), 79, ".text"),
        (Platform::LinuxX64, elf(), 81, ".names"),
        (Platform::DarwinX64, mach_o(), 24, "header"),
        (Platform::DarwinArm64, mach_o(), 184, "__text"),
        (Platform::DarwinArm64, mach_o(), 199, "__text"),
        (Platform::Win32X64, pe(), 30, "header"),
        (Platform::Win32X64, pe(), 512, ".text"),
        (Platform::Win32X64, pe(), 527, ".text"),
    ] {
        let found = place(platform, &program, offset);
        assert_eq!(found.as_deref(), Some(expected), "{platform} {offset}");
    }
}

/// The program that runs this test, as a compiler made it.
#[test]
#[cfg(target_os = "linux")]
fn a_real_program_has_its_byte_in_the_section_that_readers_name() {
    let program = fs_err::read(std::env::current_exe().expect("a program")).expect("its bytes");
    assert_eq!(place(Platform::LinuxX64, &program, 20).as_deref(), Some("header"));
    let text = b"a text that only this section of constants holds".as_slice();
    let at = memchr::memmem::find(&program, text);
    let found = place(Platform::LinuxX64, &program, at.expect("it is there"));
    assert_eq!(found.as_deref(), Some(".rodata"));
}
