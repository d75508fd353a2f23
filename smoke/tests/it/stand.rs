//! What the tests of the harness share: options without a package, and scenarios of their own.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use ktx_smoke::{Belongings, Machine, Options, Package, Redaction, Scenario, Set, Stage, Stop};

/// A separate folder for one test, and options that use nothing outside of it.
pub struct Stand {
    pub folder: tempfile::TempDir,
    pub options: Options,
}

pub fn stand() -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(fs_err::canonicalize(folder.path()).unwrap()).unwrap();
    let options = Options {
        package: Package {
            tarball: path.join("package.tgz"),
            name: "@kaelio/ktx".to_owned(),
            version: "0.1.0".to_owned(),
        },
        machine: machine(&[]),
        warm_cache: path.join("cache"),
        user_cache: None,
        belongings: Belongings::of_home(&path.join("user")),
        redaction: Redaction::default(),
        jobs: 2,
        guardian: None,
        mcp: None,
        published: None,
        toolchain: None,
        wine_libraries: None,
        folder: path,
    };
    Stand { folder, options }
}

pub fn machine(variables: &[(&str, &str)]) -> Machine {
    Machine {
        environment: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        npm_settings: BTreeMap::new(),
        path: ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            .map(Utf8PathBuf::from)
            .into(),
    }
}

pub const fn scenario(name: &'static str, run: fn(&Stage<'_>) -> Result<(), Stop>) -> Scenario {
    Scenario {
        name,
        proves: "the harness notices",
        set: Set::Standard,
        needs: &[],
        run,
    }
}
