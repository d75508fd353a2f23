//! `licenses.toml`: which licences the software in the package may have.

use std::sync::LazyLock;

use ktx_manifest::Finding;
use ktx_manifest::sbom::Component;
use serde::Deserialize;
use spdx::{Expression, LicenseReq};

/// The policy of this repository.
#[expect(clippy::expect_used, reason = "the file is compiled in; any test reads it")]
static POLICY: LazyLock<LicensePolicy> = LazyLock::new(|| {
    toml_edit::de::from_str(include_str!("../../licenses.toml")).expect("licenses.toml is sound")
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LicensePolicy {
    /// Each is a licence, with its exception if there is one.
    allowed: Vec<String>,
    exceptions: Vec<Exception>,
}

/// A licence that only some software may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    names: Vec<String>,
    license: String,
    reason: String,
}

/// The finding about a component whose licence is not allowed. One without a licence is another finding, or has none
/// that its metadata names.
pub fn refusal(component: &Component) -> Option<Finding> {
    let license = component.licenses.first()?;
    POLICY.refusal(&component.name, &license.expression)
}

/// Whether software of that name may have a licence: an SPDX expression.
pub fn is_allowed(name: &str, expression: &str) -> bool {
    POLICY.is_allowed(name, expression)
}

impl LicensePolicy {
    fn is_allowed(&self, name: &str, expression: &str) -> bool {
        let is_allowed = |requirement: &LicenseReq| {
            let license = requirement.to_string();
            self.allowed.contains(&license)
                || self.exceptions.iter().any(|exception| {
                    exception.license == license
                        && exception.names.iter().any(|known| known == name)
                        && !exception.reason.trim().is_empty()
                })
        };
        let parsed = Expression::parse(expression);
        parsed.is_ok_and(|expression| expression.evaluate(is_allowed))
    }

    fn refusal(&self, name: &str, expression: &str) -> Option<Finding> {
        if self.is_allowed(name, expression) {
            return None;
        }
        let message = format!("failed to accept `{name}`: its licence `{expression}` is not allowed");
        Some(
            Finding::error("license-not-allowed", message)
                .with_hint("replace it, or allow the licence in release/licenses.toml with a reason"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_need_one_allowed_licence_and_conjunctions_all() {
        let policy: LicensePolicy = toml_edit::de::from_str(
            r#"
            allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"]
            exceptions = [
                { names = ["left"], license = "MPL-2.0", reason = "installed as it is" },
                { names = ["right"], license = "MPL-2.0", reason = " " },
                { names = ["left"], license = "LicenseRef-Own", reason = "ours" },
            ]
            "#,
        )
        .expect("it is sound");
        for (name, expression, is_allowed) in [
            ("any", "MIT", true),
            ("any", "GPL-3.0-only OR MIT", true),
            ("any", "GPL-3.0-only AND MIT", false),
            ("any", "Apache-2.0 WITH LLVM-exception", true),
            ("any", "Apache-2.0", false),
            ("any", "MPL-2.0", false),
            ("left", "MPL-2.0 AND MIT", true),
            ("right", "MPL-2.0", false),
            ("left", "LicenseRef-Own", true),
            ("any", "LicenseRef-Own", false),
            ("any", "no expression", false),
            ("any", "", false),
        ] {
            let refused = policy.refusal(name, expression);
            assert_eq!(refused.is_none(), is_allowed, "{name}: {expression}");
        }
    }

    #[test]
    fn every_exception_has_a_reason() {
        for exception in &POLICY.exceptions {
            assert!(exception.reason.len() > 20, "{exception:?}");
        }
    }
}
