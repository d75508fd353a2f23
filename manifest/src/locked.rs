//! The locked requirements that a package carries, as far as an installation without an index needs them: which files
//! each of them may be.
//!
//! pip's requirements format, as `uv pip compile --generate-hashes` writes it. Whether a lock is good is decided when a
//! package is built; here only what cannot be read is refused.
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>

use std::collections::BTreeSet;

use crate::digest::Sha256Digest;

/// One requirement of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// The distribution's name, normalised as PEP 503 says.
    pub name: String,
    /// The pinned version, as it is written.
    pub version: String,
    /// Whether it belongs to every platform and Python. What a marker says is for resolvers.
    pub everywhere: bool,
    /// The digests of the files that it may be.
    pub sha256: BTreeSet<Sha256Digest>,
}

/// A line that is not a pinned requirement with digests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a pinned requirement with SHA-256 digests", .0.escape_debug())]
pub struct InvalidLock(String);

/// The requirements of a lock, in its order.
///
/// # Errors
/// The first line that is not one.
pub fn read(lock: &str) -> Result<Vec<Locked>, InvalidLock> {
    let mut found = Vec::new();
    let whole = lock.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in whole.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        found.push(requirement(line).ok_or_else(|| InvalidLock(line.chars().take(120).collect()))?);
    }
    Ok(found)
}

/// The pins of several locks, each once, sorted. Locks that were resolved together agree on every version.
pub fn union<'a>(locks: impl IntoIterator<Item = &'a str>) -> String {
    let mut pins = BTreeSet::new();
    for lock in locks {
        let mut pin = String::new();
        let said = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        for line in lock.lines().filter(said) {
            if !line.starts_with([' ', '\t']) {
                pins.insert(std::mem::take(&mut pin));
            }
            pin.push_str(line);
            pin.push('\n');
        }
        pins.insert(pin);
    }
    pins.into_iter().collect()
}

/// The distribution's name in a wheel's file name, in the form of [`Locked::name`].
pub fn name_in_wheel(file: &str) -> Option<String> {
    let (name, _) = file.strip_suffix(".whl")?.split_once('-')?;
    Some(normalised(name))
}

fn requirement(line: &str) -> Option<Locked> {
    let line = line.split(" #").next()?;
    let mut words = line.split(" --hash=");
    let pin = words.next()?;
    let (name, rest) = pin.split_once("==")?;
    let name = name.split('[').next()?.trim();
    let version = rest.split(';').next()?.trim();
    let sha256 = words
        .map(|word| word.trim().strip_prefix("sha256:")?.parse().ok())
        .collect::<Option<BTreeSet<Sha256Digest>>>()?;
    let named = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (named && !version.is_empty() && !sha256.is_empty()).then(|| Locked {
        name: normalised(name),
        version: version.to_owned(),
        everywhere: !rest.contains(';'),
        sha256,
    })
}

/// A distribution's name in the form in which names are compared.
///
/// <https://packaging.python.org/en/latest/specifications/name-normalization/>
pub fn normalised(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_markers_and_digests_are_read() {
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        let lock = format!(
            "# a comment\nZope.Interface_x==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{one} \\\n    \
             --hash=sha256:{two}\n    # via other\n\nplain[extra]==2.0 --hash=sha256:{one}\n"
        );
        let found = read(&lock).expect("a lock");
        let names: Vec<_> = found
            .iter()
            .map(|it| (&*it.name, &*it.version, it.everywhere, it.sha256.len()))
            .collect();
        assert_eq!(
            names,
            [("zope-interface-x", "1.0", false, 2), ("plain", "2.0", true, 1)]
        );
        assert_eq!(
            name_in_wheel("Zope_Interface_X-1.0-py3-none-any.whl").as_deref(),
            Some("zope-interface-x")
        );
        assert_eq!(name_in_wheel("zope-1.0.tar.gz"), None);
    }

    #[test]
    fn a_union_has_every_pin_of_its_locks_once() {
        let pin = |name: &str, digit: &str| {
            let digest = digit.repeat(64);
            format!(
                "{name}==1.0 \\\n    --hash=sha256:{digest} \\\n    --hash=sha256:{}\n",
                "f".repeat(64)
            )
        };
        let (alpha, beta, gamma) = (pin("alpha", "a"), pin("beta", "b"), pin("gamma", "c"));
        let one = format!("# content-sha256: x\n# another line\n{alpha}    # via beta\n{beta}");
        let other = format!("# a header\n\n{beta}{gamma}");
        assert_eq!(union([&*one, &*other]), format!("{alpha}{beta}{gamma}"));
        assert_eq!(union([&*other, &*one]), union([&*one, &*other]));
        assert_eq!(union(["# nothing\n"]), "");
        let whole = read(&union([&*one, &*other])).expect("a lock");
        assert_eq!(whole.len(), 3);
    }

    #[test]
    fn anything_else_is_refused() {
        let digest = "a".repeat(64);
        for line in [
            "plain==1.0".to_owned(),
            format!("plain>=1.0 --hash=sha256:{digest}"),
            "plain==1.0 --hash=md5:aa".to_owned(),
            format!("plain==1.0 --hash=sha256:{}", "A".repeat(64)),
            "--index-url https://host.example/".to_owned(),
            format!("../plain==1.0 --hash=sha256:{digest}"),
            format!("==1.0 --hash=sha256:{digest}"),
            format!("plain== --hash=sha256:{digest}"),
            format!("plain== ; python_version < '4' --hash=sha256:{digest}"),
        ] {
            assert!(read(&line).is_err(), "{line}");
        }
    }
}
