//! The package for one platform, for people without npm: the same files without the launcher and the other platforms.
//! What is in the package, by its own files.

use std::collections::BTreeMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use ktx_manifest::package_layout::NOTICES;
use ktx_manifest::sbom::SBOM;
use ktx_manifest::tarball::{self, TarMode, TarballError, TarballLimits};
use ktx_names::Platform;
use tar::{Builder, EntryType, Header};

use super::page_file::{PageFile, Role};

/// 1985-10-26T08:15:00Z, which npm gives every file.
const TIME: u64 = 499_162_500;

/// Folders of the package that only npm and Node need.
const LAUNCHER: &str = "dist/";
const PROGRAMS: &str = "native/";

type Files = BTreeMap<String, (Vec<u8>, TarMode)>;

/// The bill of materials and the notices, for people who look for them without unpacking anything; and an archive for each
/// platform in the tarball. The same tarball gives the same bytes.
pub fn from_package(tarball: &[u8], version: &str) -> Result<Vec<PageFile>, TarballError> {
    let mut files = Files::new();
    tarball::visit(tarball, &TarballLimits::default(), |entry, reader| {
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        files.insert(entry.path.as_str().to_owned(), (content, entry.mode));
        Ok(())
    })?;
    let as_it_is = |path: &str| {
        let (bytes, _) = files.get(path)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Some(PageFile {
            name: name.to_owned(),
            bytes: bytes.clone(),
            role: Role::Artifact,
        })
    };
    let bill = [SBOM, NOTICES].into_iter().filter_map(as_it_is);
    let platforms = Platform::ALL
        .into_iter()
        .filter(|platform| files.contains_key(&platform.program_path()));
    let made = platforms.map(|platform| {
        let name = format!("ktx-{version}-{platform}");
        let bytes = archive(&files, &name, platform)?;
        Ok(PageFile {
            name: format!("{name}.tar.gz"),
            bytes,
            role: Role::Artifact,
        })
    });
    let made: io::Result<Vec<PageFile>> = bill.map(Ok).chain(made).collect();
    made.map_err(|error| ktx_manifest::tarball::TarballFault::Unreadable(error).into())
}

fn archive(files: &Files, folder: &str, platform: Platform) -> io::Result<Vec<u8>> {
    let belongs = |path: &str| match path.strip_prefix(PROGRAMS) {
        Some(_) => path == platform.program_path(),
        None => !path.starts_with(LAUNCHER) && path != "package.json",
    };
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, (content, mode)) in files.iter().filter(|(path, _)| belongs(path)) {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_mode(if *mode == TarMode::Executable {
            0o755
        } else {
            0o644
        });
        header.set_mtime(TIME);
        tar.append_data(&mut header, format!("{folder}/{path}"), content.as_slice())?;
    }
    let mut gzip = tar.into_inner()?;
    gzip.flush()?;
    gzip.finish()
}
