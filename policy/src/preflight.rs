//! What must hold in a GitHub Actions job before npm publishes with provenance.
//!
//! npm answers 404 or 422 for most of these and names none of them: trusted publishing and
//! provenance (npm documentation, "Generating provenance statements") need a recent npm and Node, the `id-token`
//! permission, a hosted runner, a repository address that matches exactly, and the environment that was registered.

use ktx_names::Finding;

/// The GitHub environment that the registry trusts; `release.yml` runs its publish job in it.
pub const RELEASE_ENVIRONMENT: &str = "npm";

/// The first npm that can exchange an OIDC token for a registry token.
const OLDEST_NPM: semver::Version = semver::Version::new(11, 5, 1);

/// The first Node that such an npm runs on for trusted publishing.
const OLDEST_NODE: semver::Version = semver::Version::new(22, 14, 0);

/// What a job says about itself.
#[derive(Debug, Clone, Default)]
pub struct JobFacts {
    /// What `npm --version` says.
    pub npm: Option<String>,
    /// What `node --version` says.
    pub node: Option<String>,
    /// Whether the runner offers OIDC tokens, which it does with the permission `id-token: write`.
    pub id_token: bool,
    /// `RUNNER_ENVIRONMENT`
    pub runner: Option<String>,
    /// `GITHUB_SERVER_URL`
    pub server: Option<String>,
    /// `GITHUB_REPOSITORY`
    pub repository: Option<String>,
    /// The environment of the job, as its OIDC token names it.
    pub environment: JobEnvironment,
    /// `repository.url` of the package.
    pub package_repository: Option<String>,
}

/// The environment of a job.
#[derive(Debug, Clone, Default)]
pub enum JobEnvironment {
    /// It has none, or there is no token to tell it.
    #[default]
    Unnamed,
    /// This one.
    Named(String),
    /// The runner's token service gave no usable token; why.
    Unknown(String),
}

/// Everything that would make npm answer 404 or 422.
pub fn check_job(job: &JobFacts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(old_program("npm", job.npm.as_deref(), &OLDEST_NPM));
    findings.extend(old_program("node", job.node.as_deref(), &OLDEST_NODE));
    if !job.id_token {
        findings.push(
            Finding::error(
                "preflight-id-token",
                "the job has no permission `id-token: write`, so npm gets no OIDC token",
            )
            .with_hint("give the publish job `permissions: id-token: write`"),
        );
    }
    if job.runner.as_deref() != Some("github-hosted") {
        let runner = job.runner.as_deref().unwrap_or("unknown");
        findings.push(
            Finding::error(
                "preflight-runner",
                format!("the runner is {runner}, and provenance needs a hosted one"),
            )
            .with_hint("run the publish job on a GitHub-hosted runner"),
        );
    }
    findings.extend(other_repository(job));
    findings.extend(other_environment(job));
    findings
}

/// Without a token the environment is not known, and the missing token is the finding.
fn other_environment(job: &JobFacts) -> Option<Finding> {
    let environment = match &job.environment {
        JobEnvironment::Named(name) if name == RELEASE_ENVIRONMENT => return None,
        JobEnvironment::Named(name) => name,
        JobEnvironment::Unnamed if !job.id_token => return None,
        JobEnvironment::Unnamed => "none",
        JobEnvironment::Unknown(cause) => {
            let message = format!("the runner's token service gave no OIDC token: {cause}");
            let hint = "run the publish job again";
            return Some(Finding::error("preflight-token-service", message).with_hint(hint));
        }
    };
    let message =
        format!("the job's environment is {environment}, and the registry trusts {RELEASE_ENVIRONMENT}");
    let hint = format!("give the publish job `environment: {RELEASE_ENVIRONMENT}`");
    Some(Finding::error("preflight-environment", message).with_hint(hint))
}

fn old_program(name: &'static str, said: Option<&str>, oldest: &semver::Version) -> Option<Finding> {
    let found = said.map(|said| said.trim().trim_start_matches('v'));
    let is_recent = found
        .and_then(|found| semver::Version::parse(found).ok())
        .is_some_and(|found| found.cmp_precedence(oldest).is_ge());
    if is_recent {
        return None;
    }
    let code = if name == "npm" {
        "preflight-npm"
    } else {
        "preflight-node"
    };
    let found = found.unwrap_or("unknown");
    let finding = Finding::error(
        code,
        format!("{name} is {found}, and at least {oldest} is needed"),
    );
    Some(finding.with_hint(format!("set up {name} {oldest} or newer in the publish job")))
}

/// npm compares the two as text: another case or a missing `.git` is another repository.
fn other_repository(job: &JobFacts) -> Option<Finding> {
    let server = job.server.as_deref().unwrap_or_default();
    let repository = job.repository.as_deref().unwrap_or_default();
    let expected = format!("git+{server}/{repository}.git");
    let package = job.package_repository.as_deref().unwrap_or_default();
    if package == expected && !repository.is_empty() {
        return None;
    }
    let message = format!("the package's repository.url is `{package}`, and the job runs in `{expected}`");
    let finding = Finding::error("preflight-repository", message);
    Some(finding.with_hint("make repository.url in npm/package.json match exactly, then build again"))
}
