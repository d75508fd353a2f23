//! The version this program was built as, for people and for tools that read the program's bytes.

use ktx_runtime::{Environment, PackageBill};
use serde::Serialize;

/// The version of the workspace, which is that of the npm package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Lets package assembly read the version of a program that it cannot run, from its bytes: it looks for
/// `ktx-version-marker:<version>:end`.
#[used]
static MARKER: &str = concat!("ktx-version-marker:", env!("CARGO_PKG_VERSION"), ":end");

/// How the program was built, in the words of `ktx_manifest::program_marks`. `cargo xtask build` sets the variable; a
/// program that was built by hand has no profile, and cannot be released.
#[used]
static BUILD_MARK: &str = match option_env!("KTX_BUILD_MARK") {
    Some(mark) => mark,
    None => "",
};

/// What `ktx --version` prints. The marks are used here so that no linker drops them.
pub fn line() -> String {
    std::hint::black_box((MARKER, BUILD_MARK));
    format!("@kaelio/ktx {VERSION}")
}

/// What `ktx --version --json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    name: &'static str,
    version: &'static str,
    /// `release` or `local`; null for a program that was built by hand, and so is the compiler.
    profile: Option<&'static str>,
    compiler: Option<&'static str>,
    /// The commit that the package was built from, by its bill of materials.
    source_revision: Option<String>,
    /// Null where the program is not in a package.
    sbom: Option<Sbom>,
}

#[derive(Serialize)]
struct Sbom {
    path: String,
    sha256: String,
}

/// Profile and compiler; none for a program that was built by hand.
fn mark() -> Option<(&'static str, &'static str)> {
    let mark = BUILD_MARK.strip_prefix("ktx-build-mark:")?;
    mark.strip_suffix(":end")?.split_once(':')
}

/// What `ktx --version --verbose` adds: what was compared just now, and what was not.
pub fn details() -> Vec<String> {
    let environment = Environment::of_this_process();
    let mut lines = vec![match mark() {
        Some((profile, compiler)) => format!("program: {profile} build by {compiler}"),
        None => "program: built by hand".to_owned(),
    }];
    match PackageBill::read(&environment) {
        None => lines.push("bill of materials: none, this program is not in a package".to_owned()),
        Some(bill) => {
            let revision = bill.source_revision.as_deref().unwrap_or("uncommitted sources");
            lines.push(format!("source revision: {revision}"));
            lines.push(format!(
                "bill of materials: {}, sha256 {}",
                bill.path.display(),
                bill.sha256
            ));
            lines.push(format!("compared: {}", bill.verdict(environment.program())));
        }
    }
    lines.push(
        "not checked: who built the package; `npm audit signatures` verifies its provenance".to_owned(),
    );
    lines
}

impl Described {
    pub fn new() -> Self {
        let mark = mark();
        let bill = PackageBill::read(&Environment::of_this_process());
        let (sbom, source_revision) = match bill {
            None => (None, None),
            Some(bill) => {
                let sbom = Sbom {
                    path: bill.path.to_string_lossy().into_owned(),
                    sha256: bill.sha256.to_string(),
                };
                (Some(sbom), bill.source_revision)
            }
        };
        Self {
            name: "@kaelio/ktx",
            version: VERSION,
            profile: mark.map(|(profile, _)| profile),
            compiler: mark.map(|(_, compiler)| compiler),
            source_revision,
            sbom,
        }
    }
}
