//! Wheels, checked whole: archive, file name, metadata, contents, and every row of RECORD in both directions.
//!
//! Stricter than installers, which take wrong hashes, unlisted files and duplicates. What a particular wheel must hold
//! beyond that is the caller's business. <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>

mod contents;
mod entry_points;
mod headers;
mod listing;
mod metadata;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};

pub use self::entry_points::EntryPoints;
pub use self::headers::Headers;
use crate::archive::{Archive, ArchiveError, Limits};
use crate::archive_path::ArchivePath;
use crate::digest::{ContentId, HashingWriter};
use crate::path_set::PathKind;
use crate::wheel_filename::WheelFilename;
use ktx_names::Finding;

/// A wheel in which nothing is wrong.
#[derive(Debug, Clone)]
pub struct Wheel {
    pub filename: WheelFilename,
    /// The fields of METADATA and the readme below them.
    pub metadata: Headers,
    pub entry_points: EntryPoints,
    /// Every file, with what its content is.
    pub files: BTreeMap<ArchivePath, ContentId>,
}

/// What came out of looking at a wheel.
#[derive(Debug)]
#[must_use]
pub struct Inspection {
    /// The wheel, when there are no findings.
    pub wheel: Option<Wheel>,
    pub findings: Vec<Finding>,
}

/// Code of the finding for a wheel whose metadata directory has no METADATA.
pub const METADATA_MISSING: &str = "wheel-metadata-missing";

/// Metadata files are read whole, up to this many bytes.
const MAX_METADATA_BYTES: u64 = 4 << 20;

impl Wheel {
    /// Names directly under `site-packages`, without the metadata directory.
    pub fn top_level(&self) -> BTreeSet<&str> {
        let metadata = self.filename.dist_info();
        let names = self.files.keys().filter_map(|path| path.names().next());
        names.filter(|name| *name != metadata).collect()
    }

    /// The text of Requires-Python, when METADATA has it.
    pub fn requires_python(&self) -> Option<&str> {
        self.metadata.all("Requires-Python").next()
    }

    /// Whether the module of an object reference (`package.module:object`) is among the files.
    pub fn holds_module_of(&self, reference: &str) -> bool {
        let module = reference
            .split([':', '['])
            .next()
            .unwrap_or_default()
            .trim()
            .replace('.', "/");
        let holds = |path: String| self.files.keys().any(|known| known.as_str() == path);
        holds(format!("{module}.py")) || holds(format!("{module}/__init__.py"))
    }

    pub fn console_script(&self, name: &str) -> Option<&str> {
        self.entry_points
            .get("console_scripts")?
            .get(name)
            .map(String::as_str)
    }
}

/// Looks at all of a wheel that takes up the whole of `source`. A broken structure is the only finding, since nothing
/// else can be said then; all else is reported at once.
pub fn inspect(source: impl Read + Seek, filename: &WheelFilename, limits: &Limits) -> Inspection {
    match Archive::open(source, limits) {
        Ok(archive) => Inspector::new(archive, filename).run(),
        Err(error) => Inspection {
            wheel: None,
            findings: vec![refusal(&error)],
        },
    }
}

fn refusal(error: &ArchiveError) -> Finding {
    Finding::error(error.code(), error.to_string())
}

struct Inspector<'a, R> {
    archive: Archive<R>,
    filename: &'a WheelFilename,
    findings: Vec<Finding>,
    files: BTreeMap<ArchivePath, ContentId>,
    /// The metadata files that are looked into, by their name in the metadata directory.
    texts: BTreeMap<String, Vec<u8>>,
}

/// Files of the metadata directory that are looked into.
const READ: [&str; 4] = ["METADATA", "WHEEL", "RECORD", "entry_points.txt"];

impl<'a, R: Read + Seek> Inspector<'a, R> {
    fn new(archive: Archive<R>, filename: &'a WheelFilename) -> Self {
        Self {
            archive,
            filename,
            findings: Vec::new(),
            files: BTreeMap::new(),
            texts: BTreeMap::new(),
        }
    }

    fn run(mut self) -> Inspection {
        if !self.read_contents() {
            return Inspection {
                wheel: None,
                findings: self.findings,
            };
        }
        let directory = metadata::directory(self.archive.entries(), self.filename);
        self.findings.extend(directory);
        let metadata = self.read_metadata();
        if let Some(text) = self.required("WHEEL", "wheel-wheel-missing") {
            self.findings.extend(metadata::wheel_file(&text));
        }
        let entry_points = self.read_entry_points();
        if let Some(text) = self.required("RECORD", "wheel-record-missing") {
            self.findings
                .extend(listing::compare(&text, &self.files, self.filename));
        }
        let wheel = metadata
            .filter(|_| self.findings.is_empty())
            .map(|metadata| Wheel {
                filename: self.filename.clone(),
                metadata,
                entry_points,
                files: self.files,
            });
        Inspection {
            wheel,
            findings: self.findings,
        }
    }

    /// Reads every file once: its digest, its first bytes, and the metadata files' text. False when some content is
    /// not what the headers say: checks of the rest would only repeat that.
    fn read_contents(&mut self) -> bool {
        let mut sound = true;
        let metadata = format!("{}/", self.filename.dist_info());
        for entry in self.archive.entries().to_vec() {
            let wanted = entry
                .path
                .as_str()
                .strip_prefix(&metadata)
                .filter(|name| READ.contains(name));
            let mut content = Keep::new(if wanted.is_some() {
                MAX_METADATA_BYTES as usize
            } else {
                contents::HEAD_BYTES
            });
            let mut hasher = HashingWriter::new(&mut content);
            if let Err(error) = self.archive.copy(&entry, &mut hasher) {
                self.findings.push(refusal(&error));
                sound = false;
                continue;
            }
            if entry.kind == PathKind::Directory {
                continue;
            }
            let (_, id) = hasher.finish();
            if let Some(name) = wanted {
                if id.bytes > MAX_METADATA_BYTES {
                    let message = format!("`{}` has more than {MAX_METADATA_BYTES} bytes", entry.path);
                    self.findings
                        .push(Finding::error("wheel-metadata-too-large", message));
                }
                self.texts.insert(name.to_owned(), content.bytes);
            } else {
                self.findings.extend(contents::judge(&entry.path, &content.bytes));
            }
            self.files.insert(entry.path, id);
        }
        sound
    }

    fn read_metadata(&mut self) -> Option<Headers> {
        let text = self.required("METADATA", METADATA_MISSING)?;
        let (headers, findings) = metadata::core_metadata(&text, self.filename);
        self.findings.extend(findings);
        headers
    }

    fn read_entry_points(&mut self) -> EntryPoints {
        let Some(text) = self.texts.get("entry_points.txt") else {
            return EntryPoints::new();
        };
        entry_points::parse(text).unwrap_or_else(|cause| {
            let message = format!("failed to read `entry_points.txt` of the wheel: {cause}");
            self.findings
                .push(Finding::error("wheel-entry-points-invalid", message));
            EntryPoints::new()
        })
    }

    fn required(&mut self, name: &str, code: &'static str) -> Option<Vec<u8>> {
        let text = self.texts.remove(name);
        if text.is_none() {
            let message = format!("the wheel has no `{}/{name}`", self.filename.dist_info());
            self.findings.push(Finding::error(code, message));
        }
        text
    }
}

/// Keeps the first bytes of what is written and lets the rest go.
struct Keep {
    bytes: Vec<u8>,
    limit: usize,
}

impl Keep {
    fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
        }
    }
}

impl Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = bytes.len().min(self.limit - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..count]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
