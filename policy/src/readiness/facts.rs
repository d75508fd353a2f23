//! What the readiness report is made from.

use std::collections::BTreeMap;

use ktx_names::{ArtifactPackage, BuildProfile, Platform};

use crate::audit::Audited;
use crate::budgets::Sizes;
use crate::version::ReleaseVersion;

/// Everything that was found out about the artifacts and their proof.
#[derive(Debug, Clone)]
pub struct ReadinessFacts {
    /// What to release.
    pub sources: SourceFacts,
    /// The artifacts.
    pub artifacts: Artifacts,
    /// What the smoke reports prove, by platform; a platform without a report is absent.
    pub smoke: BTreeMap<Platform, SmokeProof>,
    /// Why CHANGELOG.md cannot be released with, when it cannot.
    pub changelog: Result<(), String>,
    /// What the comparison with the last version says.
    pub compared: Compared,
    /// What the audit of the locked dependencies says.
    pub audited: Audited,
}

/// What `dist/reports/diff.json` says about the tarball at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// There is no comparison.
    Not,
    /// It cannot be read; why.
    Unreadable(String),
    /// It is about another tarball.
    OtherTarball,
    /// The registry has no version to compare with.
    First,
    /// Sizes of the version that it was compared with, and of the tarball at hand.
    With {
        /// The other version.
        version: String,
        /// Its sizes.
        before: Sizes,
        /// The sizes of the tarball at hand.
        after: Sizes,
    },
}

/// What to release, by its sources.
#[derive(Debug, Clone)]
pub struct SourceFacts {
    /// The one version of everything.
    pub version: ReleaseVersion,
    /// The packages that the sources describe.
    pub packages: Vec<ArtifactPackage>,
    /// The commit to release.
    pub head: Head,
    /// The scenarios that a smoke runs on each platform by default.
    pub scenarios: BTreeMap<Platform, Vec<String>>,
}

/// What came of verifying the artifacts against their manifest.
#[derive(Debug, Clone)]
pub enum Artifacts {
    /// There are none: what is missing.
    Missing(Vec<String>),
    /// Their manifest cannot be used: what was found.
    Unfit(Vec<String>),
    /// Their bytes are not those of their manifest: what was found.
    Altered(Vec<String>),
    /// They are what their manifest says.
    Verified(VerifiedArtifacts),
}

/// Artifacts that are what their manifest says.
#[derive(Debug, Clone)]
pub struct VerifiedArtifacts {
    /// The manifest's packages.
    pub packages: Vec<ArtifactPackage>,
    /// The commit they were built from; `None` when the tree had changes.
    pub source_revision: Option<String>,
    /// The programs in the tarball, with the profile each says it was built with.
    pub programs: BTreeMap<Platform, Option<BuildProfile>>,
    /// The code signatures of the programs.
    pub signatures: BTreeMap<Platform, CodeSignature>,
    /// What is wrong with the locks in the tarball: they were edited, or are not those of the checkout.
    pub lock_faults: Vec<String>,
    /// Where the bill of materials or the notices say something else than the programs, the locks and the wheel.
    pub bill_faults: Vec<String>,
}

/// The code signature of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeSignature {
    /// There is none, or one of digests alone.
    Uncertified,
    /// It is of the program's bytes, with a certificate of this subject.
    Certified(String),
    /// It is not of the program's bytes; why.
    Broken(String),
}

/// The commit to release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// There is no checkout, and the user did not name it.
    Unknown,
    /// This commit.
    At(String),
}

/// What one platform's smoke report says about the tarball at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmokeProof {
    /// Every scenario passed, on exactly this tarball under exactly this policy.
    Green,
    /// The report cannot be read; why.
    Unreadable(String),
    /// Some scenarios failed or were skipped; which.
    NotGreen(String),
    /// The report is about other bytes; which.
    OtherBytes(String),
    /// The report contradicts the artifacts or itself; how.
    Contradicts(String),
    /// The report was made under another release policy.
    OtherPolicy,
    /// The report is of a package from a registry.
    FromRegistry,
}
