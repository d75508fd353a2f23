//! The smallest files that have the headers of programs: what tells their platform, and the version's marker.

use ktx_manifest::Platform;

const CPU_X64: u32 = 0x0100_0007;
const CPU_ARM64: u32 = 0x0100_000c;

/// A program for a platform, built as a version.
pub fn program(platform: Platform, version: &str) -> Vec<u8> {
    let header = match platform {
        Platform::LinuxX64 => elf(Elf::default()),
        Platform::LinuxArm64 => elf(Elf {
            machine: 183,
            ..Elf::default()
        }),
        Platform::DarwinX64 => macho(CPU_X64, MachO::Executable, &[]),
        Platform::DarwinArm64 => macho(CPU_ARM64, MachO::Executable, &[SIGNATURE]),
        Platform::Win32X64 => pe(0x8664, 0x0022),
    };
    marked(header, version)
}

pub fn marked(mut header: Vec<u8>, version: &str) -> Vec<u8> {
    header.extend_from_slice(format!("\0ktx-version-marker:{version}:end\0").as_bytes());
    header
}

/// The fields of an ELF header that tests vary.
pub struct Elf {
    pub machine: u16,
    pub system: u8,
    pub kind: u16,
    /// 1 is PT_LOAD, 3 is PT_INTERP.
    pub segment: u32,
}

impl Default for Elf {
    fn default() -> Self {
        Elf {
            machine: 62,
            system: 0,
            kind: 3,
            segment: 1,
        }
    }
}

/// A 64-bit little-endian header with one program header behind it.
pub fn elf(fields: Elf) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.push(fields.system);
    bytes.extend([0; 8]);
    bytes.extend(fields.kind.to_le_bytes());
    bytes.extend(fields.machine.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(64_u64.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(fields.segment.to_le_bytes());
    bytes.extend([0; 52]);
    bytes
}

/// LC_CODE_SIGNATURE.
pub const SIGNATURE: u32 = 0x1d;

#[derive(Clone, Copy)]
pub enum MachO {
    Executable = 2,
    Library = 6,
}

pub fn macho(processor: u32, kind: MachO, commands: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let count = commands.len() as u32;
    for word in [0xfeed_facf, processor, 0, kind as u32, count, count * 16, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    for command in commands {
        for word in [*command, 16, 0, 0] {
            bytes.extend(word.to_le_bytes());
        }
    }
    bytes
}

pub fn pe(machine: u16, characteristics: u16) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60..].copy_from_slice(&64_u32.to_le_bytes());
    bytes.extend(b"PE\0\0");
    bytes.extend(machine.to_le_bytes());
    bytes.extend([0; 14]);
    bytes.extend(240_u16.to_le_bytes());
    bytes.extend(characteristics.to_le_bytes());
    let mut optional = vec![0; 240];
    optional[..2].copy_from_slice(&0x20b_u16.to_le_bytes());
    optional[108..112].copy_from_slice(&16_u32.to_le_bytes());
    bytes.extend(optional);
    bytes
}
