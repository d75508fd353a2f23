//! What a native program is built for, read from its bytes: header, linkage, and the version that it was built as.
//!
//! Nothing is run. Formats: the System V ABI, Apple's Mach-O, Microsoft's PE, all by the `object` crate.

use std::collections::BTreeSet;

use ktx_manifest::{Finding, Platform, program_marks};
use object::read::elf::{FileHeader, ProgramHeader};
use object::read::macho::MachHeader;
use object::read::pe::ImageNtHeaders;
use object::{Endianness, FileKind, elf, macho, pe};

use crate::signature;

/// What is wrong with a program that is to run on `platform` and be of `version`; `path` is for people.
pub fn findings(path: &str, platform: Platform, version: &semver::Version, program: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refuse = |code, reason: String, hint: &str| {
        findings.push(Finding::error(code, format!("failed to take `{path}`: {reason}")).with_hint(hint));
    };
    let rebuild = format!("run: cargo xtask build --platform {platform}");
    match read(program) {
        Err(reason) => refuse("program-unreadable", reason, &rebuild),
        Ok(built) => {
            if built.platform != Some(platform) {
                let found = built
                    .platform
                    .map_or_else(|| built.described.clone(), |found| found.to_string());
                refuse(
                    "program-platform",
                    format!("expected a program for {platform}, found {found}"),
                    &rebuild,
                );
            }
            for (code, reason) in built.faults {
                refuse(code, reason.to_owned(), &rebuild);
            }
            if let Err(reason) = signature::read(program) {
                refuse("program-signature", reason, &rebuild);
            }
        }
    }
    let versions: BTreeSet<String> = program_marks::versions(program)
        .into_iter()
        .filter(|version| semver::Version::parse(version).is_ok())
        .collect();
    let expected = BTreeSet::from([version.to_string()]);
    if versions.is_empty() {
        refuse(
            "program-version",
            "it has no version marker; it is not ktx".to_owned(),
            &rebuild,
        );
    } else if versions != expected {
        let found = versions.into_iter().collect::<Vec<_>>().join(" and ");
        refuse(
            "program-version",
            format!("expected version {version}, found {found}"),
            &rebuild,
        );
    }
    findings
}

/// What a header says.
struct ProgramFormat {
    /// `None` when no package carries programs for it.
    platform: Option<Platform>,
    described: String,
    /// What keeps it from running where it should, by code.
    faults: Vec<(&'static str, &'static str)>,
}

fn read(program: &[u8]) -> Result<ProgramFormat, String> {
    let kind = FileKind::parse(program).map_err(|_| "it is not a program".to_owned())?;
    let built = match kind {
        FileKind::Elf64 => elf64(program),
        FileKind::MachO64 => macho64(program),
        FileKind::Pe64 => pe64(program),
        FileKind::MachOFat32 | FileKind::MachOFat64 => {
            return Err("it is a universal program; each platform has its own".to_owned());
        }
        other => return Err(format!("it is of an unexpected kind, {other:?}")),
    };
    built.map_err(|error| format!("its header is damaged: {error}"))
}

fn elf64(program: &[u8]) -> object::Result<ProgramFormat> {
    let header = elf::FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    let machine = header.e_machine(endian);
    let platform = match (machine, endian) {
        (elf::EM_X86_64, Endianness::Little) => Some(Platform::LinuxX64),
        (elf::EM_AARCH64, Endianness::Little) => Some(Platform::LinuxArm64),
        _ => None,
    };
    let system = header.e_ident().os_abi;
    let linux = [elf::ELFOSABI_SYSV, elf::ELFOSABI_GNU].contains(&system);
    let kind = header.e_type(endian);
    let mut faults = Vec::new();
    if kind != elf::ET_EXEC && kind != elf::ET_DYN {
        faults.push(("program-unreadable", "it is not an executable"));
    }
    let segments = header.program_headers(endian, program)?;
    if segments
        .iter()
        .any(|segment| segment.p_type(endian) == elf::PT_INTERP)
    {
        faults.push((
            "program-not-static",
            "it needs a libc of the machine it runs on; link it with musl",
        ));
    }
    Ok(ProgramFormat {
        platform: platform.filter(|_| linux),
        described: format!("ELF for {machine:?}, {system:?}"),
        faults,
    })
}

fn macho64(program: &[u8]) -> object::Result<ProgramFormat> {
    let header = macho::MachHeader64::<Endianness>::parse(program, 0)?;
    let endian = header.endian()?;
    let processor = header.cputype(endian);
    let platform = match processor {
        macho::CPU_TYPE_X86_64 => Some(Platform::DarwinX64),
        macho::CPU_TYPE_ARM64 => Some(Platform::DarwinArm64),
        _ => None,
    };
    let mut faults = Vec::new();
    if header.filetype(endian) != macho::MH_EXECUTE {
        faults.push(("program-unreadable", "it is not an executable"));
    }
    let mut signed = false;
    let mut commands = header.load_commands(endian, program, 0)?;
    while let Some(command) = commands.next()? {
        signed |= command.cmd() == macho::LC_CODE_SIGNATURE;
    }
    if platform == Some(Platform::DarwinArm64) && !signed {
        faults.push((
            "program-unsigned",
            "it has no code signature, without which macOS kills it at once",
        ));
    }
    Ok(ProgramFormat {
        platform,
        described: format!("Mach-O for {processor:?}"),
        faults,
    })
}

fn pe64(program: &[u8]) -> object::Result<ProgramFormat> {
    let dos = pe::ImageDosHeader::parse(program)?;
    let mut offset = dos.nt_headers_offset().into();
    let (headers, _) = pe::ImageNtHeaders64::parse(program, &mut offset)?;
    let file = headers.file_header();
    let machine = file.machine.get(object::LittleEndian);
    let platform = (machine == pe::IMAGE_FILE_MACHINE_AMD64).then_some(Platform::Win32X64);
    let characteristics = file.characteristics.get(object::LittleEndian);
    let mut faults = Vec::new();
    let library = characteristics & pe::IMAGE_FILE_DLL;
    if library == pe::IMAGE_FILE_DLL {
        faults.push(("program-unreadable", "it is a library, not an executable"));
    }
    Ok(ProgramFormat {
        platform,
        described: format!("PE for {machine:?}"),
        faults,
    })
}
