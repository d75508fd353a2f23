//! What an attestation says, and what this project expects of it. The certificate's claims count, because its authority
//! took them from the token of the job; the statement is the job's own words, and has to agree.
//!
//! <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>, <https://slsa.dev/spec/v1.0/provenance>

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sigstore_verify::crypto::FulcioCiClaims;

/// What the provenance of a package has to say.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// Address of the source repository, without `.git`.
    pub repository: &'a str,
    /// Path of the workflow in it.
    pub workflow: &'a str,
    /// The package and version as a purl.
    pub subject: String,
    /// The commit that the artifacts were built from.
    pub revision: &'a str,
}

/// Where releases are made.
pub const REPOSITORY: &str = "https://github.com/kaelio/ktx";

/// The workflow that makes them.
pub const WORKFLOW: &str = ".github/workflows/release.yml";

impl<'a> Expected<'a> {
    /// For a version of a package that this project's release workflow published.
    pub fn of_package(name: &str, version: &str, revision: &'a str) -> Self {
        Self {
            repository: REPOSITORY,
            workflow: WORKFLOW,
            subject: purl(name, version),
            revision,
        }
    }
}

/// A version as subjects name it; the at sign of a scope is in percent.
pub fn purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{version}", name.replacen('@', "%40", 1))
}

/// What a verified provenance says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    pub repository: String,
    pub workflow: String,
    /// Such as `refs/heads/main`.
    pub reference: String,
    pub commit: String,
    /// Address of the job's log.
    pub run: Option<String>,
    pub signed_at: Option<Timestamp>,
}

/// Why a provenance proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Stable name.
    pub code: &'static str,
    pub cause: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, cause: impl Into<String>) -> Self {
        Self {
            code,
            cause: cause.into(),
        }
    }
}

/// The type of a statement about a build.
pub const PREDICATE: &str = "https://slsa.dev/provenance/v1";

/// The token service of GitHub's jobs.
const ISSUER: &str = "https://token.actions.githubusercontent.com";

const HOSTED: &str = "github-hosted";

/// What a bundle signs.
///
/// <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<Predicate> {
    subject: Vec<Subject>,
    pub predicate_type: String,
    pub predicate: Predicate,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition {
    external_parameters: Parameters,
    #[serde(default)]
    resolved_dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Parameters {
    workflow: Workflow,
}

#[derive(Deserialize)]
struct Workflow {
    #[serde(rename = "ref")]
    reference: String,
    repository: String,
    path: String,
}

#[derive(Deserialize)]
struct Dependency {
    digest: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Digest {
    git_commit: Option<String>,
}

#[derive(Deserialize)]
struct RunDetails {
    builder: Builder,
}

#[derive(Deserialize)]
struct Builder {
    id: String,
}

/// Compares what a verified certificate and its statement claim with what is expected.
pub fn judge(
    expected: &Expected<'_>,
    issuer: Option<&str>,
    claims: &FulcioCiClaims,
    statement: &Statement<Build>,
) -> Result<Provenance, Refusal> {
    if issuer != Some(ISSUER) {
        let issuer = issuer.unwrap_or("nobody");
        return Err(Refusal::new(
            "provenance-issuer",
            format!("the signer's identity is vouched for by {issuer}"),
        ));
    }
    let runner = said(&claims.runner_environment);
    let builder = &statement.predicate.run_details.builder.id;
    if runner != HOSTED || !builder.ends_with(&format!("/{HOSTED}")) {
        return Err(Refusal::new(
            "provenance-builder",
            format!("it was built on a runner that is {runner}, by {builder}"),
        ));
    }
    let workflow = &statement.predicate.build_definition.external_parameters.workflow;
    let repository = said(&claims.source_repository_uri);
    if repository != expected.repository || workflow.repository != expected.repository {
        let cause = format!("it was built from {repository}, not from {}", expected.repository);
        return Err(Refusal::new("provenance-repository", cause));
    }
    let reference = said(&claims.source_repository_ref);
    let signer = said(&claims.build_signer_uri);
    let file = format!("{}/{}@{reference}", expected.repository, expected.workflow);
    if signer != file || workflow.path != expected.workflow {
        let cause = format!(
            "it was signed by the workflow {signer}, not by {}",
            expected.workflow
        );
        return Err(Refusal::new("provenance-workflow", cause));
    }
    let branch = reference.strip_prefix("refs/heads/");
    let is_release = branch.is_some_and(|branch| branch == "main" || branch.starts_with("release-"));
    if !is_release || workflow.reference != reference {
        let cause = format!("it was built from {reference}, and releases come from main or release-*");
        return Err(Refusal::new("provenance-ref", cause));
    }
    let commit = said(&claims.source_repository_digest);
    let mut stated = statement.predicate.build_definition.resolved_dependencies.iter();
    let is_stated = stated.all(|one| one.digest.git_commit.as_deref() == Some(commit));
    if !is_stated || commit != expected.revision {
        let cause = match is_stated {
            true => format!(
                "it was built from the commit {commit}, and the package says {}",
                expected.revision
            ),
            false => format!("certificate and statement disagree about the commit {commit}"),
        };
        return Err(Refusal::new("provenance-commit", cause));
    }
    Ok(Provenance {
        repository: repository.to_owned(),
        workflow: expected.workflow.to_owned(),
        reference: reference.to_owned(),
        commit: commit.to_owned(),
        run: claims.run_invocation_uri.clone(),
        signed_at: None,
    })
}

/// It is about the package, and is a statement about a build.
pub fn check_subject(expected: &Expected<'_>, statement: &Statement<Build>) -> Result<(), Refusal> {
    if statement.predicate_type != PREDICATE {
        let cause = format!("it is a statement of the type {}", statement.predicate_type);
        return Err(Refusal::new("provenance-unreadable", cause));
    }
    statement
        .check_subject(&expected.subject)
        .map_err(|cause| Refusal::new("provenance-subject", cause))
}

impl<Predicate> Statement<Predicate> {
    /// Whether it is about this package and nothing else. The error is the cause.
    pub fn check_subject(&self, expected: &str) -> Result<(), String> {
        match self.subject.as_slice() {
            [subject] if subject.name == expected => Ok(()),
            [subject] => Err(format!("it is about {}, not about {expected}", subject.name)),
            subjects => Err(format!("it is about {} packages", subjects.len())),
        }
    }
}

fn said(claim: &Option<String>) -> &str {
    claim.as_deref().unwrap_or("nothing that it names")
}
