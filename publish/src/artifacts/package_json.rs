//! The `package.json` (npm documentation, "package.json") of the package that is published.

use std::collections::BTreeMap;

use ktx_names::NPM_PACKAGE;
use ktx_policy::ReleaseVersion;
use serde::Deserialize;

use crate::error::PublishError;

/// What publishing looks at.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageJson {
    name: String,
    version: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    publish_config: BTreeMap<String, serde_json::Value>,
    repository: Option<Repository>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Repository {
    Url(String),
    Object { url: String },
}

impl PackageJson {
    /// `repository.url`
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_ref().map(|repository| match repository {
            Repository::Url(url) | Repository::Object { url } => url.as_str(),
        })
    }

    /// What forbids publishing it: it is another than the release, or would tell npm where to go.
    pub fn check(&self, version: &ReleaseVersion) -> Vec<PublishError> {
        let mut errors = Vec::new();
        if self.name != NPM_PACKAGE || self.version != version.to_string() || self.private {
            let private = if self.private { ", private" } else { "" };
            errors.push(PublishError::Integrity {
                message: format!(
                    "the tarball holds {}@{}{private}, and {NPM_PACKAGE}@{version} is to be published",
                    self.name, self.version
                ),
                hint: "cargo xtask build".to_owned(),
            });
        }
        // `access` and `provenance` are said on the command line anyway; every other key would change what npm does.
        let strange: Vec<&str> = self
            .publish_config
            .keys()
            .map(String::as_str)
            .filter(|key| !["access", "provenance"].contains(key))
            .collect();
        if !strange.is_empty() {
            errors.push(PublishError::Forbidden {
                code: "publish-config",
                message: format!(
                    "the package carries publishConfig.{}, which would tell npm what to do",
                    strange.join(", publishConfig.")
                ),
                hint: "remove publishConfig from npm/package.json, then cargo xtask build".to_owned(),
            });
        }
        errors
    }
}
