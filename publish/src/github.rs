//! What a GitHub Actions job says about itself.
//!
//! Only the OIDC token names the environment of a job; the token is requested, read and discarded.
//! Nothing here trusts the claims: the registry does that when npm shows it its own token.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ktx_policy::preflight::{JobEnvironment, JobFacts};
use serde::Deserialize;

use crate::artifacts::PackageJson;
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::npm::Npm;

/// Whether the work runs in a GitHub Actions job.
pub fn is_job(environment: &Environment) -> bool {
    environment
        .get("GITHUB_ACTIONS")
        .is_some_and(|value| value == "true")
}

/// Gathers the facts of the job.
pub fn job(
    environment: &Environment,
    npm: &Npm,
    package: &PackageJson,
    desk: &dyn Desk,
) -> Result<JobFacts, PublishError> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let request = variable("ACTIONS_ID_TOKEN_REQUEST_URL").zip(variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"));
    let environment_of_job = match request
        .as_ref()
        .map(|(url, token)| claims(url, token, environment))
    {
        None => JobEnvironment::Unnamed,
        Some(Err(cause)) => JobEnvironment::Unknown(cause),
        Some(Ok(claims)) => claims
            .environment
            .map_or(JobEnvironment::Unnamed, JobEnvironment::Named),
    };
    Ok(JobFacts {
        npm: Some(npm.version(desk)?),
        node: Some(npm.node_version(desk)?),
        id_token: request.is_some(),
        runner: variable("RUNNER_ENVIRONMENT"),
        server: variable("GITHUB_SERVER_URL"),
        repository: variable("GITHUB_REPOSITORY"),
        environment: environment_of_job,
        package_repository: package.repository().map(str::to_owned),
    })
}

/// The claims of [GitHub's OIDC token](https://docs.github.com/en/actions/reference/security/oidc) that matter here.
#[derive(Deserialize)]
struct OidcClaims {
    environment: Option<String>,
}

/// The error is why there is no token; it holds neither the token nor the address.
fn claims(url: &str, token: &str, environment: &Environment) -> Result<OidcClaims, String> {
    #[derive(Deserialize)]
    struct Answer {
        value: String,
    }
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(20)))
        .max_redirects(0)
        .proxy(crate::registry::proxy_for(url, environment))
        .tls_config(crate::registry::system_roots())
        .build();
    let agent = ureq::Agent::new_with_config(config);
    let request = agent.get(url).header("authorization", format!("Bearer {token}"));
    let mut response = request.call().map_err(|error| error.to_string())?;
    let answer: Answer = response
        .body_mut()
        .read_json()
        .map_err(|_| "its answer is not what GitHub documents".to_owned())?;
    let claims = answer.value.split('.').nth(1);
    let claims = claims.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    claims.ok_or_else(|| "its token is not a JSON Web Token".to_owned())
}
