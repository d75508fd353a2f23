//! What a native program was built from, read from its bytes: the list of crates that cargo-auditable wrote into it, and
//! the compilers that its build mark names.
//!
//! Format of the list: the [cargo-auditable schema].
//!
//! [cargo-auditable schema]: https://github.com/rust-secure-code/cargo-auditable/blob/master/cargo-auditable.schema.json

use std::collections::BTreeSet;

use auditable_info::Limits;
use auditable_serde::{DependencyKind, Source};
use ktx_manifest::sbom::{Component, ComponentKind};
use ktx_manifest::{Platform, program_marks};

/// A crate in a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    pub name: String,
    pub version: String,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The public registry of crates.
    Registry,
    /// This workspace.
    Workspace,
}

impl Crate {
    /// The reference of its component. A crate of the workspace has no purl: a crate of that name in the registry would be
    /// another.
    pub fn reference(&self) -> String {
        match self.origin {
            Origin::Registry => format!("pkg:cargo/{}@{}", self.name, self.version),
            Origin::Workspace => format!("crate:{}@{}", self.name, self.version),
        }
    }
}

/// The crates in a program; none when it has no list. The error says why the list cannot be used.
pub fn crates(program: &[u8]) -> Result<BTreeSet<Crate>, String> {
    // A list has some 20 kilobytes.
    let limits = Limits {
        input_file_size: usize::MAX,
        decompressed_json_size: 1 << 20,
    };
    let list = match auditable_info::audit_info_from_slice(program, limits.decompressed_json_size) {
        Ok(list) => list,
        Err(auditable_info::Error::NoAuditData | auditable_info::Error::BinaryParsing(_)) => {
            return Ok(BTreeSet::new());
        }
        Err(error) => return Err(error.to_string()),
    };
    let in_program = list
        .packages
        .into_iter()
        .filter(|package| package.kind == DependencyKind::Runtime);
    in_program
        .map(|package| {
            let origin = match package.source {
                Source::CratesIo => Origin::Registry,
                Source::Local => Origin::Workspace,
                other => {
                    let source = String::from(other);
                    return Err(format!("{} comes from the source `{source}`", package.name));
                }
            };
            Ok(Crate {
                name: package.name,
                version: package.version.to_string(),
                origin,
            })
        })
        .collect()
}

/// The zig that the toolchain pins, and what is in it.
pub struct Zig {
    pub version: &'static str,
    pub musl: &'static str,
    pub mingw_w64: &'static str,
}

pub const ZIG: Zig = Zig {
    version: "0.15.1",
    musl: "1.2.5",
    mingw_w64: "13.0.0",
};

/// What the compilers linked into a program, by its build mark: Rust's standard library, and with zig the runtime of its C
/// compiler and a C library. The error is that the mark names an unknown zig.
pub fn runtimes(platform: Platform, program: &[u8]) -> Result<Vec<Component>, String> {
    let Some(mark) = program_marks::build(program) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let rust = mark.rust_version();
    found.extend(rust.map(|version| generic("rust-std", version, "MIT OR Apache-2.0")));
    let Some(zig) = mark.zig_version() else {
        return Ok(found);
    };
    if zig != ZIG.version {
        return Err(format!(
            "it was linked with zig {zig}, but only what zig {} links into programs is known",
            ZIG.version
        ));
    }
    found.push(generic("zig-compiler-rt", zig, "MIT"));
    match platform {
        Platform::LinuxX64 | Platform::LinuxArm64 => found.push(generic("musl", ZIG.musl, "MIT")),
        Platform::Win32X64 => found.push(generic("mingw-w64", ZIG.mingw_w64, "ZPL-2.1")),
        Platform::DarwinX64 | Platform::DarwinArm64 => {}
    }
    Ok(found)
}

/// The SQLite that the crate with its C sources brings.
pub fn sqlite(version: &str) -> Component {
    Component {
        cpe: Some(format!("cpe:2.3:a:sqlite:sqlite:{version}:*:*:*:*:*:*:*")),
        ..generic("sqlite", version, "blessing")
    }
}

/// The crate that has SQLite's C sources in it.
pub const SQLITE_CRATE: &str = "libsqlite3-sys";

fn generic(name: &str, version: &str, license: &str) -> Component {
    let purl = format!("pkg:generic/{name}@{version}");
    Component::new(ComponentKind::Library, &purl, name)
        .of_version(version)
        .licensed(license)
        .with_purl(purl)
}
