//! Whatever the strict readers accept, other readers read alike: Python's `zipfile`, and the `zip` and `tar` crates.
//!
//! Good archives are damaged at random, and some of them stay acceptable. Nothing may panic.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use ktx_fixtures::damaged_wheels;
use ktx_fixtures::sample_assets::SAMPLE_VERSION;
use ktx_fixtures::sample_wheel::SampleWheel;
use ktx_manifest::archive::{Archive, Limits};
use ktx_manifest::{Sha256Digest, WheelFilename, tarball, wheel};

use crate::python3;
use crate::random_damage::{edited, edits, field_edits, samples, with_fields};

/// Names, with a slash after folders, and digests.
type Reading = BTreeMap<String, String>;

fn ours(bytes: &[u8]) -> Option<Reading> {
    let mut archive = Archive::open(Cursor::new(bytes), &Limits::default()).ok()?;
    let entries = archive.entries().to_vec();
    let read = entries.iter().map(|entry| {
        let slash = if entry.kind == ktx_manifest::path_set::PathKind::Directory {
            "/"
        } else {
            ""
        };
        let digest = archive.digest(entry).ok()?.sha256.to_string();
        Some((format!("{}{slash}", entry.path), digest))
    });
    read.collect()
}

fn zip_crate(bytes: &[u8]) -> Reading {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("the zip crate opens what we accept");
    let mut reading = Reading::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        let twice = reading.insert(
            file.name().unwrap().to_string(),
            Sha256Digest::of(content).to_string(),
        );
        assert_eq!(twice, None);
    }
    reading
}

const PYTHON: &str = "
import hashlib, json, pathlib, sys, zipfile
readings = {}
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, path
        names = archive.namelist()
        assert len(names) == len(set(names)), path
        readings[path.name] = {n: hashlib.sha256(archive.read(n)).hexdigest() for n in names}
print(json.dumps(readings))
";

fn python(directory: &Path) -> BTreeMap<String, Reading> {
    python3::answer(Command::new("python3").args(["-I", "-c", PYTHON]).arg(directory))
}

/// Compares the readings of those archives that we accept, and says how many they were.
fn compare(archives: impl IntoIterator<Item = Vec<u8>>) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let mut accepted = BTreeMap::new();
    for (index, bytes) in archives.into_iter().enumerate() {
        if let Some(reading) = ours(&bytes) {
            assert_eq!(zip_crate(&bytes), reading);
            let name = format!("{index:05}.zip");
            fs_err::write(folder.path().join(&name), &bytes).unwrap();
            accepted.insert(name, reading);
        }
    }
    assert_eq!(python(folder.path()), accepted);
    accepted.len()
}

#[test]
fn good_wheels_read_alike() {
    let good = damaged_wheels::all();
    assert_eq!(compare(good.iter().map(|row| row.twin())), good.len());
}

#[test]
fn wheels_with_changed_bytes_read_alike_or_are_refused() {
    let good = SampleWheel::new(SAMPLE_VERSION).to_bytes();
    let accepted = compare(samples(&edits(), 4000).iter().map(|edits| edited(&good, edits)));
    assert!(
        accepted > 5,
        "only {accepted} damaged archives were accepted, which compares nothing"
    );
}

#[test]
fn wheels_with_changed_fields_read_alike_or_are_refused() {
    let good = SampleWheel::new(SAMPLE_VERSION).to_raw();
    let accepted = compare(
        samples(&field_edits(), 4000)
            .iter()
            .map(|edits| with_fields(&good, edits)),
    );
    assert!(
        accepted > 100,
        "only {accepted} damaged archives were accepted, which compares little"
    );
}

/// RECORD has the digest of every file, so that no change of content passes whatever the headers say.
#[test]
fn a_wheel_that_passes_holds_what_the_good_one_holds() {
    let good = SampleWheel::new(SAMPLE_VERSION);
    let name: WheelFilename = good.file_name().parse().unwrap();
    let (bytes, raw) = (good.to_bytes(), good.to_raw());
    let reading = ours(&bytes).unwrap();
    let by_bytes = samples(&edits(), 2000)
        .into_iter()
        .map(|edits| edited(&bytes, &edits));
    let by_fields = samples(&field_edits(), 2000)
        .into_iter()
        .map(|edits| with_fields(&raw, &edits));
    for changed in by_bytes.chain(by_fields) {
        let inspection = wheel::inspect(Cursor::new(&changed), &name, &Limits::default());
        if inspection.wheel.is_some() {
            assert_eq!(ours(&changed), Some(reading.clone()));
        }
    }
}

#[test]
fn wheels_of_other_writers_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let write = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.mkdir('package')
    archive.writestr('package/data.txt', b'x' * 100000)
    archive.writestr('package/stored.txt', b'abc', zipfile.ZIP_STORED)
    archive.writestr('package/empty.py', b'')
    archive.writestr('package/\\u00e9.txt', b'utf-8')
class Pipe:
    def __init__(self, path): self.file = open(path, 'wb')
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()
with zipfile.ZipFile(Pipe(sys.argv[2]), 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('package/streamed.txt', b'x' * 100000)
";
    let paths = ["file.zip", "pipe.zip"].map(|name| folder.path().join(name));
    let python = Command::new("python3")
        .args(["-I", "-c", write])
        .args(&paths)
        .status();
    assert!(python.expect("python3 is needed").success());
    for (path, count) in paths.iter().zip([5, 1]) {
        let bytes = fs_err::read(path).unwrap();
        let reading = ours(&bytes).unwrap_or_else(|| panic!("{} was refused", path.display()));
        assert_eq!((reading.len(), &reading), (count, &zip_crate(&bytes)));
    }
}

#[test]
fn tarballs_with_changed_bytes_read_alike_or_are_refused() {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode) in [
        ("package/package.json", 0o644),
        ("package/native/linux-x64/ktx", 0o755),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(700);
        builder.append_data(&mut header, path, &[b'x'; 700][..]).unwrap();
    }
    let good = builder.into_inner().unwrap();
    let mut accepted = 0;
    for edits in samples(&edits(), 4000) {
        // Compressed again, since the compression's checksum would hide the archive from its reader.
        let tar = edited(&good, &edits);
        let mut gzip = flate2::read::GzEncoder::new(&tar[..], flate2::Compression::fast());
        let mut tarball = Vec::new();
        gzip.read_to_end(&mut tarball).unwrap();
        let mut ours = Reading::new();
        let read = tarball::visit(
            &tarball[..],
            &tarball::TarballLimits::default(),
            |entry, reader| {
                let digest = Sha256Digest::of_reader(reader)?.sha256.to_string();
                ours.insert(format!("package/{}", entry.path), digest);
                Ok(())
            },
        );
        if read.is_err() {
            continue;
        }
        accepted += 1;
        let mut theirs = Reading::new();
        for entry in tar::Archive::new(&tar[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            theirs.insert(
                path,
                Sha256Digest::of_reader(&mut entry).unwrap().sha256.to_string(),
            );
        }
        assert_eq!(ours, theirs);
    }
    assert!(
        accepted > 100,
        "only {accepted} damaged tarballs were accepted, which compares little"
    );
}
