//! Where a rebuilt package differs from a published one, and the likely cause.

use std::collections::{BTreeMap, BTreeSet};

use ktx_names::Platform;
use memchr::memmem::Finder;
use object::{Object, ObjectSection};
use serde::Serialize;

use crate::package::{File, Package};

/// Bytes that are shown from the first differing one on.
const SHOWN_BYTES: usize = 16;

/// One file that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Path in the package; of a file in the wheel behind `wheel: `.
    pub path: String,
    #[serde(flatten)]
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind")]
pub enum Kind {
    /// Only the published package has it.
    OnlyPublished,
    /// Only the rebuilt package has it.
    OnlyRebuilt,
    /// One is executable and the other is not.
    Mode,
    Content {
        /// Of the first differing byte.
        offset: usize,
        /// Section of the program, or line of the text, that it is in.
        place: Option<String>,
        /// Bytes from there on, in hexadecimal, or that the file ends there.
        published: String,
        rebuilt: String,
        cause: Cause,
    },
}

/// What most likely made the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "likely")]
pub enum Cause {
    /// The compilers name different commits of themselves.
    Compiler { published: String, rebuilt: String },
    /// Crates or their versions differ.
    Dependencies {
        published: Vec<String>,
        rebuilt: Vec<String>,
    },
    /// One names a folder of the machine that built it.
    Path { found: String },
    /// The first difference is in a field that holds a time.
    Time,
    /// None of these: somebody changed the file, or its sources.
    Unknown,
}

/// Every file that differs, in the order of the paths. Empty means equal, byte for byte.
pub fn differences(published: &Package, rebuilt: &Package) -> Vec<Difference> {
    let mut found = between("", &published.files, &rebuilt.files);
    let wheel = between("wheel: ", &published.wheel, &rebuilt.wheel);
    // The wheel's own bytes say nothing that its files do not, unless they are the same.
    if !wheel.is_empty() {
        found.retain(|difference| !difference.path.ends_with(".whl"));
    }
    found.extend(wheel);
    found
}

fn between(
    prefix: &str,
    published: &BTreeMap<String, File>,
    rebuilt: &BTreeMap<String, File>,
) -> Vec<Difference> {
    let paths: BTreeSet<&String> = published.keys().chain(rebuilt.keys()).collect();
    let kind = |path: &str| match (published.get(path), rebuilt.get(path)) {
        (Some(_), None) => Some(Kind::OnlyPublished),
        (None, Some(_)) => Some(Kind::OnlyRebuilt),
        (Some(one), Some(other)) if one.content != other.content => Some(content(path, one, other)),
        (Some(one), Some(other)) if one.executable != other.executable => Some(Kind::Mode),
        _ => None,
    };
    let difference = |path: &String| {
        Some(Difference {
            path: format!("{prefix}{path}"),
            kind: kind(path)?,
        })
    };
    paths.into_iter().filter_map(difference).collect()
}

fn content(path: &str, published: &File, rebuilt: &File) -> Kind {
    let (one, other) = (published.content.as_slice(), rebuilt.content.as_slice());
    let same = one.iter().zip(other).take_while(|(one, other)| one == other);
    let offset = same.count();
    let is_program = Platform::ALL
        .iter()
        .any(|platform| platform.program_path() == path);
    let place = if is_program {
        section(one, offset)
    } else {
        line(one, offset)
    };
    let cause = if is_program {
        cause(one, other, place.as_deref())
    } else {
        Cause::Unknown
    };
    Kind::Content {
        offset,
        place,
        published: hex(one, offset),
        rebuilt: hex(other, offset),
        cause,
    }
}

fn hex(content: &[u8], offset: usize) -> String {
    let rest = content.get(offset..).unwrap_or_default();
    if rest.is_empty() {
        return "its end".to_owned();
    }
    let bytes = rest.iter().take(SHOWN_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// The section that holds an offset; `header` before the first one.
fn section(program: &[u8], offset: usize) -> Option<String> {
    let file = object::File::parse(program).ok()?;
    let offset = offset as u64;
    let holds = |section: &object::Section<'_, '_>| {
        let range = section.file_range();
        range.is_some_and(|(start, size)| (start..start.saturating_add(size)).contains(&offset))
    };
    let found = file.sections().find(holds);
    let name = found.and_then(|section| section.name().ok().map(str::to_owned));
    let first = file.sections().filter_map(|section| section.file_range());
    let first = first.map(|(start, _)| start).min();
    name.or_else(|| first.filter(|first| offset < *first).map(|_| "header".to_owned()))
}

fn line(text: &[u8], offset: usize) -> Option<String> {
    let before = text.get(..offset)?;
    str::from_utf8(before).ok()?;
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    Some(format!("line {}", breaks + 1))
}

fn cause(published: &[u8], rebuilt: &[u8], place: Option<&str>) -> Cause {
    let [one, other] = [published, rebuilt].map(compilers);
    if one != other {
        let text = |compilers: BTreeSet<String>| compilers.into_iter().collect::<Vec<_>>().join(", ");
        return Cause::Compiler {
            published: text(one),
            rebuilt: text(other),
        };
    }
    let [one, other] = [published, rebuilt].map(crates);
    if one != other {
        return Cause::Dependencies {
            published: one.difference(&other).cloned().collect(),
            rebuilt: other.difference(&one).cloned().collect(),
        };
    }
    let [one, other] = [published, rebuilt].map(folders);
    if let Some(found) = one.symmetric_difference(&other).next() {
        return Cause::Path { found: found.clone() };
    }
    match place {
        Some("header") if published.starts_with(b"MZ") => Cause::Time,
        _ => Cause::Unknown,
    }
}

/// Commits of the compilers: the standard library's sources are named `/rustc/<commit>/library/…`.
fn compilers(program: &[u8]) -> BTreeSet<String> {
    let is_commit = |word: &&[u8]| word.len() == 40 && word.iter().all(u8::is_ascii_hexdigit);
    let commits = after(program, b"/rustc/").filter_map(|rest| rest.get(..40));
    commits.filter(is_commit).map(text).collect()
}

/// Crates by folder name, `serde-1.0.1`, as the paths of their sources have them.
fn crates(program: &[u8]) -> BTreeSet<String> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte);
    let folder = |rest: &[u8]| {
        let index = rest.iter().position(|byte| *byte == b'/').filter(|at| *at < 80)?;
        let name = rest.get(index + 1..)?;
        let end = name.iter().position(|byte| !is_name(byte))?;
        let versioned = name[..end]
            .windows(2)
            .any(|pair| pair[0] == b'-' && pair[1].is_ascii_digit());
        versioned.then(|| text(&name[..end]))
    };
    after(program, b"registry/src/").filter_map(folder).collect()
}

/// Folders of people and of build machines.
fn folders(program: &[u8]) -> BTreeSet<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let roots: [&[u8]; 5] = [b"/home/", b"/root/", b"/Users/", b"/github/", b"\\Users\\"];
    let mut folders = BTreeSet::new();
    for root in roots {
        for rest in after(program, root) {
            let end = rest
                .iter()
                .position(|byte| !is_part(byte))
                .unwrap_or(rest.len())
                .min(60);
            folders.insert(format!("{}{}", text(root), text(&rest[..end])));
        }
    }
    folders
}

fn after<'a>(program: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let finder = Finder::new(needle).into_owned();
    let places: Vec<usize> = finder.find_iter(program).collect();
    places
        .into_iter()
        .filter_map(move |at| program.get(at + needle.len()..))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Difference {
    /// The difference in one line.
    pub fn line(&self) -> String {
        let path = &self.path;
        match &self.kind {
            Kind::OnlyPublished => format!("{path}: only in the published package"),
            Kind::OnlyRebuilt => format!("{path}: only in the rebuilt package"),
            Kind::Mode => format!("{path}: executable in one of the two only"),
            Kind::Content {
                offset,
                place,
                published,
                rebuilt,
                cause,
            } => {
                let place = place
                    .as_ref()
                    .map(|place| format!(" ({place})"))
                    .unwrap_or_default();
                let cause = cause.words();
                format!("{path}: byte {offset}{place}: published {published}, rebuilt {rebuilt}; {cause}")
            }
        }
    }
}

impl Cause {
    fn words(&self) -> String {
        match self {
            Self::Compiler { published, rebuilt } => {
                format!("likely cause: the compiler, {published} and {rebuilt}")
            }
            Self::Dependencies { published, rebuilt } => format!(
                "likely cause: other dependencies, {} and {}",
                published.join(", "),
                rebuilt.join(", ")
            ),
            Self::Path { found } => format!("likely cause: a path of the build machine, {found}"),
            Self::Time => "likely cause: the time of the build".to_owned(),
            Self::Unknown => "likely cause: the file or its sources were changed".to_owned(),
        }
    }
}
