//! The command lines that npm is run with.

use std::ffi::OsStr;
use std::path::Path;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::Provenance;
use ktx_system::shell::command_line;

/// A tarball on its way to a registry.
#[derive(Debug, Clone)]
pub struct Publication<'a> {
    /// Absolute path of the tarball.
    pub tarball: &'a Path,
    /// The dist-tag.
    pub tag: &'a str,
    /// Where to.
    pub registry: &'a RegistryUrl,
    /// Whether npm attests where the package was built.
    pub provenance: Provenance,
    /// Whether a person releases it afterwards.
    pub staging: Staging,
}

/// Whether a publication can be installed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staging {
    /// At once.
    Direct,
    /// When a person with a second factor has approved it.
    Staged,
}

impl Publication<'_> {
    /// npm's arguments. What a stray configuration could turn around is said explicitly.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = match self.staging {
            Staging::Direct => vec!["publish".to_owned()],
            Staging::Staged => vec!["stage".to_owned(), "publish".to_owned()],
        };
        arguments.push(self.tarball.to_string_lossy().into_owned());
        arguments.push(format!("--tag={}", self.tag));
        arguments.push("--access=public".to_owned());
        arguments.push(match self.provenance {
            Provenance::Attested => "--provenance=true".to_owned(),
            Provenance::Missing => "--provenance=false".to_owned(),
        });
        arguments
            .extend(["--dry-run=false", "--force=false", "--ignore-scripts", "--json"].map(str::to_owned));
        // Retries are ours: after each answer the registry is asked what it has before anything is sent again.
        arguments.push("--fetch-retries=0".to_owned());
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// A dist-tag on its way to another version. A person with a second factor runs it.
#[derive(Debug, Clone)]
pub struct TagMove<'a> {
    /// The version.
    pub version: &'a str,
    /// The dist-tag.
    pub tag: &'a str,
    /// Where.
    pub registry: &'a RegistryUrl,
}

impl TagMove<'_> {
    /// npm's arguments.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = ["dist-tag", "add"].map(str::to_owned).to_vec();
        arguments.push(format!("{NPM_PACKAGE}@{}", self.version));
        arguments.push(self.tag.to_owned());
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// A version that people are told not to install.
#[derive(Debug, Clone)]
pub struct Deprecation<'a> {
    /// The version.
    pub version: &'a str,
    /// What they are told.
    pub message: &'a str,
    /// Where.
    pub registry: &'a RegistryUrl,
}

impl Deprecation<'_> {
    /// npm's arguments.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["deprecate".to_owned()];
        arguments.push(format!("{NPM_PACKAGE}@{}", self.version));
        arguments.push(self.message.to_owned());
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// A package that waits with the registry for a person's approval.
#[derive(Debug, Clone)]
pub struct StagedPackage<'a> {
    /// The registry's name for it.
    pub id: &'a str,
    /// Where.
    pub registry: &'a RegistryUrl,
}

impl StagedPackage<'_> {
    /// npm's arguments to fetch its bytes.
    pub fn download(&self) -> Vec<String> {
        self.arguments("download")
    }

    /// npm's arguments to let it be installed.
    pub fn approve(&self) -> Vec<String> {
        self.arguments("approve")
    }

    /// npm's arguments to throw it away.
    pub fn reject(&self) -> Vec<String> {
        self.arguments("reject")
    }

    fn arguments(&self, verb: &str) -> Vec<String> {
        let mut arguments = ["stage", verb, self.id].map(str::to_owned).to_vec();
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// The command line that lists the package's tags.
pub(crate) fn tag_list(registry: &RegistryUrl) -> String {
    let mut arguments = ["dist-tag", "ls", NPM_PACKAGE].map(str::to_owned).to_vec();
    arguments.extend(registry_flags(registry));
    line(&arguments)
}

/// Both ways in which npm finds the registry of a scoped package.
pub(crate) fn registry_flags(registry: &RegistryUrl) -> [String; 2] {
    let scope = NPM_PACKAGE.split('/').next().unwrap_or_default();
    [
        format!("--registry={registry}"),
        format!("--{scope}:registry={registry}"),
    ]
}

/// The command line of npm, to be pasted into a shell.
pub fn line(arguments: &[String]) -> String {
    command_line("npm".as_ref(), arguments.iter().map(OsStr::new))
}
