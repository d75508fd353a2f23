//! The environment that npm runs in: an explicit list of names.

use crate::desk::Environment;

/// What the operating system, proxies and certificates need.
const SYSTEM: &[&str] = &[
    "APPDATA",
    "COMSPEC",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "LOCALAPPDATA",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "PATH",
    "PATHEXT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// What npm's credentials come from: its user configuration, the variables that one usually
/// quotes, and the user's 2FA code.
const CREDENTIALS: &[&str] = &[
    "NODE_AUTH_TOKEN",
    "NPM_CONFIG_OTP",
    "NPM_CONFIG_USERCONFIG",
    "NPM_TOKEN",
    "npm_config_otp",
    "npm_config_userconfig",
];

/// What npm reads to exchange an OIDC token and to write provenance in GitHub Actions.
const GITHUB: &[&str] = &[
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_EVENT_NAME",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_REPOSITORY_OWNER_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_WORKFLOW_SHA",
    "RUNNER_ENVIRONMENT",
];

/// The variables of `environment` that npm is given.
pub fn closed(environment: &Environment) -> Environment {
    let is_listed = |name: &str| {
        [SYSTEM, CREDENTIALS, GITHUB]
            .iter()
            .any(|list| list.contains(&name))
    };
    // `npm_config_//host/:_authToken` is how npm takes a credential from a variable.
    let is_credential = |name: &str| name.to_ascii_lowercase().starts_with("npm_config_//");
    environment
        .iter()
        .filter(|(name, _)| is_listed(name) || is_credential(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_npm_and_strange_variables_do_not_reach_it() {
        let environment: Environment = [
            "npm_config_registry",
            "NPM_CONFIG_REGISTRY",
            "npm_config_@kaelio:registry",
            "npm_config_tag",
            "npm_config_dry_run",
            "NODE_OPTIONS",
            "AWS_SECRET_ACCESS_KEY",
            "PATH",
            "HOME",
            "NPM_TOKEN",
            "npm_config_userconfig",
            "npm_config_//127.0.0.1:4873/:_authToken",
        ]
        .into_iter()
        .map(|name| (name.to_owned(), "value".to_owned()))
        .collect();
        let names: Vec<String> = closed(&environment).into_keys().collect();
        assert_eq!(
            names,
            [
                "HOME",
                "NPM_TOKEN",
                "PATH",
                "npm_config_//127.0.0.1:4873/:_authToken",
                "npm_config_userconfig"
            ]
        );
    }
}
