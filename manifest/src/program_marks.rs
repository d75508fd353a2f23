//! What a native program says about itself to those who only read its bytes: its version, and how it was built.
//!
//! A mark is text between fixed words, so that a program can be checked on a machine that cannot run it. `ktx` carries
//! the marks, `cargo xtask build` sets them, and package assembly and publishing read them.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};

use ktx_names::BuildProfile;
use memchr::memmem;

const VERSION: &str = "ktx-version-marker:";
const BUILD: &str = "ktx-build-mark:";
const END: &[u8] = b":end";

/// Between the name of the compiler and the version of zig.
pub const WITH_ZIG: &str = " with zig ";

/// Longer than any mark; text that starts like one and does not end soon is not a mark.
const LONGEST: usize = 128;

/// What is read of a program at once, and what of it is looked at again with the next block.
const BLOCK: usize = 256 << 10;
const OVERLAP: usize = BUILD.len() + LONGEST;

/// How a program was built. [`fmt::Display`] gives the mark.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildMark {
    pub profile: BuildProfile,
    /// `rustc --version`, and ` with zig <version>` behind it where zig was the linker.
    pub compiler: String,
}

impl BuildMark {
    /// The version in `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub fn rust_version(&self) -> Option<&str> {
        self.compiler.strip_prefix("rustc ")?.split(' ').next()
    }

    pub fn zig_version(&self) -> Option<&str> {
        Some(self.compiler.rsplit_once(WITH_ZIG)?.1)
    }
}

impl fmt::Display for BuildMark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{BUILD}{}:{}:end", self.profile.name(), self.compiler)
    }
}

/// The versions that a program's marks name; a whole program has one.
pub fn versions(program: &[u8]) -> BTreeSet<String> {
    marks(program, VERSION).map(str::to_owned).collect()
}

/// How a program was built; `None` when it has no mark, or two.
pub fn build(program: &[u8]) -> Option<BuildMark> {
    the_only(marks(program, BUILD).filter_map(build_mark).collect())
}

/// The same of the program that a reader gives, of which a block is in memory at a time.
pub fn build_of(program: &mut dyn Read) -> io::Result<Option<BuildMark>> {
    let mut found = BTreeSet::new();
    let mut window = Vec::with_capacity(BLOCK + OVERLAP);
    while program.take(BLOCK as u64).read_to_end(&mut window)? > 0 {
        found.extend(marks(&window, BUILD).filter_map(build_mark));
        // A mark that the end of the window cuts begins within these bytes.
        let seen = window.len().saturating_sub(OVERLAP);
        window.drain(..seen);
    }
    Ok(the_only(found))
}

fn the_only(marks: BTreeSet<BuildMark>) -> Option<BuildMark> {
    let mut marks = marks.into_iter();
    marks.next().filter(|_| marks.next().is_none())
}

fn build_mark(text: &str) -> Option<BuildMark> {
    let (profile, compiler) = text.split_once(':')?;
    Some(BuildMark {
        profile: BuildProfile::ALL
            .into_iter()
            .find(|known| known.name() == profile)?,
        compiler: compiler.to_owned(),
    })
}

fn marks<'a>(program: &'a [u8], start: &'a str) -> impl Iterator<Item = &'a str> {
    memmem::find_iter(program, start.as_bytes()).filter_map(move |at| {
        let rest = &program[at + start.len()..];
        let rest = &rest[..rest.len().min(LONGEST)];
        let end = memmem::find(rest, END)?;
        std::str::from_utf8(&rest[..end]).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: &str, expected: Option<(BuildProfile, &str)>) {
        let expected = expected.map(|(profile, compiler)| BuildMark {
            profile,
            compiler: compiler.to_owned(),
        });
        assert_eq!(build(program.as_bytes()), expected, "{program}");
    }

    #[test]
    fn a_program_is_built_in_one_way_or_does_not_say() {
        let release = Some((BuildProfile::Release, "rustc 1.95.0 (59807616e 2026-04-14)"));
        let mark = "ktx-build-mark:release:rustc 1.95.0 (59807616e 2026-04-14):end";
        check(mark, release);
        check(&format!("\0{mark}\0{mark}ktx-build-mark:"), release);
        check(
            "ktx-build-mark:local:rustc 1.95.0:end",
            Some((BuildProfile::Local, "rustc 1.95.0")),
        );
        for silent in [
            "",
            "ktx-build-mark:release:end",
            "ktx-build-mark:debug:rustc 1.95.0:end",
            "ktx-build-mark:Release:rustc 1.95.0:end",
            "ktx-build-mark:release:rustc 1.95.0",
            "ktx-version-marker:release:rustc 1.95.0:end",
        ] {
            check(silent, None);
        }
        check(&format!("{mark} ktx-build-mark:local:rustc 1.95.0:end"), None);
        check(
            &format!("ktx-build-mark:release:{}:end", "x".repeat(LONGEST)),
            None,
        );
    }

    #[test]
    fn a_mark_is_found_wherever_a_block_ends() {
        let mark = "ktx-build-mark:release:rustc 1.95.0:end";
        for before in (BLOCK - OVERLAP - 2)..=(BLOCK + 2) {
            let program = [&vec![b'x'; before], mark.as_bytes(), &[b'x'; BLOCK]].concat();
            let found = build_of(&mut &program[..]).expect("bytes are read");
            assert_eq!((&found, found.is_some()), (&build(&program), true), "{before}");
        }
        let twice = |other: &str| {
            [
                &vec![b'x'; BLOCK],
                mark.as_bytes(),
                &[b'x'; BLOCK],
                other.as_bytes(),
            ]
            .concat()
        };
        for (other, is_clear) in [(mark, true), ("ktx-build-mark:local:rustc 1.95.0:end", false)] {
            let program = twice(other);
            let found = build_of(&mut &program[..]).expect("bytes are read");
            assert_eq!((&found, found.is_some()), (&build(&program), is_clear), "{other}");
        }
    }

    #[test]
    fn the_compilers_are_read_from_their_versions() {
        for (compiler, rust, zig) in [
            (
                "rustc 1.95.0 (59807616e 2026-04-14) with zig 0.15.1",
                Some("1.95.0"),
                Some("0.15.1"),
            ),
            ("rustc 1.95.0 (59807616e 2026-04-14)", Some("1.95.0"), None),
            ("rustc 1.96.0-nightly", Some("1.96.0-nightly"), None),
            ("clang 20", None, None),
        ] {
            let mark = BuildMark {
                profile: BuildProfile::Release,
                compiler: compiler.to_owned(),
            };
            assert_eq!(
                (mark.rust_version(), mark.zig_version()),
                (rust, zig),
                "{compiler}"
            );
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for profile in BuildProfile::ALL {
            let mark = BuildMark {
                profile,
                compiler: "rustc 1.95.0".to_owned(),
            };
            assert_eq!(build(mark.to_string().as_bytes()), Some(mark));
        }
    }
}
