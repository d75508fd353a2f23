//! The command lines that npm is run with.

use std::ffi::OsStr;
use std::path::Path;

use ktx_names::NPM_PACKAGE;
use ktx_policy::RegistryUrl;
use ktx_policy::guard::{Commands, Provenance};
use ktx_policy::release_policy::Publishing;
use ktx_system::shell::{command_line, quoted};

/// `npm publish` of a tarball.
#[derive(Debug, Clone)]
pub struct PublishCommand<'a> {
    /// Absolute path of the tarball.
    pub tarball: &'a Path,
    /// The dist-tag.
    pub tag: &'a str,
    /// Where to.
    pub registry: &'a RegistryUrl,
    /// Whether npm attests where the package was built.
    pub provenance: Provenance,
    /// Whether it waits for approval.
    pub publishing: Publishing,
}

impl PublishCommand<'_> {
    /// npm's arguments. What a stray setting could change is given explicitly.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = match self.publishing {
            Publishing::Direct => vec!["publish".to_owned()],
            Publishing::Staged => vec!["stage".to_owned(), "publish".to_owned()],
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
        // Retries are the caller's: after each answer the registry is asked what it has before anything is sent again.
        arguments.push("--fetch-retries=0".to_owned());
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// `npm dist-tag add`. It needs a 2FA code.
#[derive(Debug, Clone)]
pub struct TagCommand<'a> {
    /// The version.
    pub version: &'a str,
    /// The dist-tag.
    pub tag: &'a str,
    /// Where.
    pub registry: &'a RegistryUrl,
}

impl TagCommand<'_> {
    /// npm's arguments.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = ["dist-tag", "add"].map(str::to_owned).to_vec();
        arguments.push(format!("{NPM_PACKAGE}@{}", self.version));
        arguments.push(self.tag.to_owned());
        arguments.extend(registry_flags(self.registry));
        arguments
    }
}

/// A version that users are warned of.
#[derive(Debug, Clone)]
pub struct Deprecation<'a> {
    /// The version.
    pub version: &'a str,
    /// The warning.
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

/// A package that waits in the registry for approval.
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

    /// npm's arguments to list what waits for approval.
    pub fn list(registry: &RegistryUrl) -> Vec<String> {
        let mut arguments = ["stage", "list", NPM_PACKAGE, "--json"]
            .map(str::to_owned)
            .to_vec();
        arguments.extend(registry_flags(registry));
        arguments
    }

    /// npm's arguments to describe it.
    pub fn view(&self) -> Vec<String> {
        let mut arguments = self.arguments("view");
        arguments.push("--json".to_owned());
        arguments
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

/// Both ways in which npm finds the registry of a scoped package.
pub(super) fn registry_flags(registry: &RegistryUrl) -> [String; 2] {
    let scope = NPM_PACKAGE.split('/').next().unwrap_or_default();
    [
        format!("--registry={registry}"),
        format!("--{scope}:registry={registry}"),
    ]
}

/// The flags that proposed commands carry: those that this command was given, and the registry for npm.
pub(crate) fn commands(
    artifacts: Option<&Path>,
    asked: Option<&RegistryUrl>,
    registry: &RegistryUrl,
) -> Commands {
    let artifacts = artifacts.map(|folder| format!(" --artifacts {}", quoted(&folder.to_string_lossy())));
    Commands {
        registry: asked.map_or_else(String::new, |url| format!(" --registry {url}")),
        artifacts: artifacts.unwrap_or_default(),
        revision: String::new(),
        smoke: format!(" --registry {registry}"),
        npm: format!(" {}", registry_flags(registry).join(" ")),
    }
}

/// The command line of npm, to be pasted into a shell.
pub fn line(arguments: &[String]) -> String {
    command_line("npm".as_ref(), arguments.iter().map(OsStr::new))
}
