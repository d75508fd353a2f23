//! What some tests need and only the system's package manager can install.

use std::path::{Path, PathBuf};

/// Something that is not on this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemNeed {
    /// The tests that are skipped without it.
    pub tests: &'static str,
    /// How to install it.
    pub fix: &'static str,
    programs: &'static [&'static str],
    folders: &'static [&'static str],
}

/// Debian keeps PostgreSQL's programs out of `PATH`, in a folder per major version.
const NEEDS: [SystemNeed; 4] = [
    SystemNeed {
        tests: "tests on a real PostgreSQL server",
        fix: "install it with: apt-get install --yes postgresql",
        programs: &["initdb"],
        folders: &["/usr/lib/postgresql"],
    },
    SystemNeed {
        tests: "tests on a real MariaDB server",
        fix: "install it with: apt-get install --yes mariadb-server",
        programs: &["mariadbd", "mariadb-install-db"],
        folders: &[],
    },
    SystemNeed {
        tests: "tests of the release page in a real browser",
        fix: "install it with: apt-get install --yes chromium",
        programs: &["chromium"],
        folders: &[],
    },
    SystemNeed {
        tests: "tests of signing programs for Windows",
        fix: "install it with: apt-get install --yes openssl osslsigncode",
        programs: &["openssl", "osslsigncode"],
        folders: &[],
    },
];

pub fn unmet() -> Vec<SystemNeed> {
    NEEDS.into_iter().filter(|need| !need.is_met()).collect()
}

impl SystemNeed {
    fn is_met(&self) -> bool {
        self.programs
            .iter()
            .all(|program| self.places().any(|folder| folder.join(program).is_file()))
    }

    fn places(&self) -> impl Iterator<Item = PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Servers are in a folder that the `PATH` of ordinary users lacks.
        let on_path: Vec<PathBuf> = std::env::split_paths(&path).chain(["/usr/sbin".into()]).collect();
        let versions = self
            .folders
            .iter()
            .filter_map(|folder| Path::new(folder).read_dir().ok())
            .flatten();
        let beside = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
        on_path.into_iter().chain(beside.collect::<Vec<_>>())
    }
}
