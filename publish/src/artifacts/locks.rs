//! The locks in the tarball: whether they are as they were locked, and those of the checkout.

use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use ktx_manifest::package_layout::ASSETS;
use ktx_manifest::{Feature, LockFile};

/// What is wrong with `locks`, the texts by file name; `sources` is the folder of the checkout's.
pub(super) fn faults(locks: &BTreeMap<String, String>, sources: Option<&Path>) -> Vec<String> {
    let faults = Feature::ALL
        .map(Feature::lock_file)
        .into_iter()
        .filter_map(|name| {
            let Some(text) = locks.get(name) else {
                return Some(format!("the package has no {ASSETS}/{name}"));
            };
            if let Err(error) = LockFile::read(text) {
                return Some(format!("{ASSETS}/{name} of the package: {error}"));
            }
            let own = fs::read_to_string(sources?.join(name));
            match own {
                Ok(own) if own == *text => None,
                Ok(_) => Some(format!(
                    "{ASSETS}/{name} of the package is not python/locks/{name}"
                )),
                Err(error) => Some(error.to_string()),
            }
        });
    faults.collect()
}

#[cfg(test)]
mod tests {
    use ktx_manifest::Sha256Digest;

    use super::*;

    fn lock(pins: &str) -> String {
        let lock = LockFile {
            inputs: Sha256Digest::of("what the resolver was given"),
            uploaded_before: jiff::Timestamp::UNIX_EPOCH,
            pins,
        };
        lock.to_string()
    }

    #[test]
    fn the_locks_of_the_package_are_whole_and_those_of_the_checkout() {
        let checkout = tempfile::tempdir().expect("a folder");
        let names = Feature::ALL.map(Feature::lock_file);
        for name in names {
            fs::write(checkout.path().join(name), lock("lkml==1.3.7\n")).expect("a lock");
        }
        let found = |core: Option<String>, sources: Option<&Path>| {
            let mut locks: BTreeMap<String, String> =
                names.map(|name| (name.to_owned(), lock("lkml==1.3.7\n"))).into();
            match core {
                Some(core) => locks.insert("core.txt".to_owned(), core),
                None => locks.remove("core.txt"),
            };
            faults(&locks, sources).join("; ")
        };
        let good = lock("lkml==1.3.7\n");
        let other = lock("lkml==1.3.8\n");
        let edited = format!("{good}evil==1.0\n");
        let own = Some(checkout.path());
        let altered =
            "assets/python/core.txt of the package: its lines are not those that were locked".to_owned();
        for (core, sources, expected) in [
            (Some(&good), own, String::new()),
            (Some(&good), None, String::new()),
            (Some(&other), None, String::new()),
            (
                Some(&other),
                own,
                "assets/python/core.txt of the package is not python/locks/core.txt".to_owned(),
            ),
            (Some(&edited), own, altered.clone()),
            (Some(&edited), None, altered),
            (None, None, "the package has no assets/python/core.txt".to_owned()),
        ] {
            assert_eq!(found(core.cloned(), sources), expected);
        }
        fs::remove_file(checkout.path().join("core.txt")).expect("it is removed");
        assert!(found(Some(good), own).contains("No such file"));
    }
}
