//! Runtime bundles: everything that an installation downloads, put into one file on a machine with a network, for one
//! without.
//!
//! What is in a bundle is trusted as far as the package can prove it: uv by its pin, the wheels by the locked requirements.
//! An interpreter is taken as it is, since nothing pins it.

mod check;
mod create;
mod interpreter;
mod libc;
mod resolve;
mod unpack;
mod write;

use std::path::{Path, PathBuf};

use ktx_manifest::runtime_bundle::{BundleError, BundleManifest};
use ktx_manifest::{ContentId, HashingWriter, Platform};

pub(crate) use self::interpreter::unused as unused_interpreters;
pub(crate) use self::unpack::unpack;
use crate::{Error, FeatureSet, Runtime, assets};

/// What to put into a bundle.
#[derive(Clone, Debug)]
pub struct BundleRequest {
    /// The file; one that is there is replaced.
    pub output: PathBuf,
    pub features: FeatureSet,
    /// The version of Python on the machines that install from it, such as `3.13`.
    pub python: String,
    /// The platforms of those machines. None means this one.
    pub platforms: Vec<Platform>,
}

/// A bundle that holds what its manifest says, for this version of ktx.
#[derive(Clone, Debug)]
pub struct BundleReport {
    pub path: PathBuf,
    /// Of the whole file.
    pub content: ContentId,
    pub manifest: BundleManifest,
}

impl Runtime {
    /// Compares every file of a bundle with its manifest, and the manifest with what this package carries. Writes nothing.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is for something else.
    pub fn verify_bundle(&self, path: &Path) -> Result<BundleReport, Error> {
        let verified = assets::load(self.layout())?.verify()?;
        let package = check::Package::of(self, &verified);
        let mut file = open(path)?;
        let mut hashed = Hashed {
            inner: &mut file,
            hasher: HashingWriter::new(std::io::sink()),
        };
        let read = ktx_manifest::runtime_bundle::read(
            &mut hashed,
            |manifest| {
                self.interrupt().check().map_err(Error::from)?;
                package.fits(path, manifest)
            },
            |_, _, _| Ok(self.interrupt().check()?),
        );
        let manifest = read.map_err(|error| explain(path, error))?;
        Ok(BundleReport {
            path: path.to_owned(),
            content: hashed.hasher.finish().1,
            manifest,
        })
    }
}

fn open(path: &Path) -> Result<fs_err::File, Error> {
    let found = fs_err::metadata(path).map_err(|error| {
        let cause = error.raw_os_error().map(std::io::Error::from_raw_os_error);
        failed("read", path, cause.unwrap_or(error).to_string())
    })?;
    if !found.is_file() {
        return Err(failed("read", path, "it is not a regular file"));
    }
    Ok(fs_err::File::open(path)?)
}

fn explain(path: &Path, error: BundleError<Error>) -> Error {
    match error {
        BundleError::Refused(error) => error,
        BundleError::Fault(fault) => Error::Bundle {
            verb: "read",
            path: path.to_owned(),
            reason: fault.to_string(),
            hint: Some(
                "make a bundle on a machine with a network: ktx runtime bundle create --output FILE"
                    .to_owned(),
            ),
        },
    }
}

/// ``failed to <verb> `<path>`: <reason>``, without a hint.
fn failed(verb: &'static str, path: &Path, reason: impl Into<String>) -> Error {
    Error::Bundle {
        verb,
        path: path.to_owned(),
        reason: reason.into(),
        hint: None,
    }
}

struct Hashed<'a> {
    inner: &'a mut fs_err::File,
    hasher: HashingWriter<std::io::Sink>,
}

impl std::io::Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        std::io::Write::write_all(&mut self.hasher, &buffer[..count])?;
        Ok(count)
    }
}
