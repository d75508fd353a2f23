//! What the locks of the Python payload name, as components: the runtime installs exactly these.

use std::collections::BTreeMap;

use ktx_manifest::sbom::{Component, ComponentKind, Dependency};
use ktx_manifest::{Feature, Finding, Sha256Digest};
use pep508_rs::PackageName;

use super::license_policy::refusal;
use crate::lock::LockedDistribution;

/// A distribution that is the same for every platform has a wheel and an archive of sources. One with more files has some
/// for each platform; their digests, more than a thousand, are in the lock, whose own digest the bill has.
const MOST_DIGESTS: usize = 2;

/// The licences of the distributions, as `python/locks/licenses.toml` has them; empty where the metadata names none.
pub type Licenses = BTreeMap<PackageName, String>;

/// The components of the locks, and what each lock consists of. `reference` gives the name of a lock in the bill.
pub struct Closure {
    pub components: Vec<Component>,
    pub dependencies: Vec<Dependency>,
}

/// A lock file with what it pins.
pub struct Lock<'a> {
    pub feature: Feature,
    pub text: &'a [u8],
    pub distributions: Vec<LockedDistribution>,
}

/// Puts the closure together; `reference` names a lock. A distribution without a licence in the table is a finding.
pub fn closure(
    locks: &[Lock<'_>],
    licenses: &Licenses,
    reference: impl Fn(Feature) -> String,
    findings: &mut Vec<Finding>,
) -> Closure {
    let mut distributions = BTreeMap::new();
    let mut closure = Closure {
        components: Vec::new(),
        dependencies: Vec::new(),
    };
    for lock in locks {
        let name = reference(lock.feature);
        let file = Component::new(ComponentKind::File, &name, lock.feature.lock_file())
            .with_sha256([Sha256Digest::of(lock.text)]);
        closure.components.push(file);
        closure.dependencies.push(Dependency {
            reference: name,
            depends_on: lock.distributions.iter().map(purl).collect(),
        });
        distributions.extend(lock.distributions.iter().map(|one| (purl(one), one)));
    }
    for (purl, distribution) in distributions {
        match component(&purl, distribution, licenses) {
            Some(component) => {
                findings.extend(refusal(&component));
                closure.components.push(component);
            }
            None => findings.push(unlicensed(&distribution.name)),
        }
    }
    closure
}

/// The reference of a distribution.
pub fn purl(distribution: &LockedDistribution) -> String {
    format!("pkg:pypi/{}@{}", distribution.name, distribution.version)
}

fn component(purl: &str, distribution: &LockedDistribution, licenses: &Licenses) -> Option<Component> {
    let license = licenses.get(&distribution.name)?;
    let component = Component::new(ComponentKind::Library, purl, distribution.name.to_string())
        .of_version(&distribution.version)
        .with_purl(purl);
    let component = match license.as_str() {
        "" => component,
        expression => component.licensed(expression),
    };
    Some(match distribution.sha256.len() {
        0..=MOST_DIGESTS => component.with_sha256(distribution.sha256.iter().copied()),
        _ => component,
    })
}

fn unlicensed(name: &PackageName) -> Finding {
    let message = format!("failed to describe `{name}`: `python/locks/licenses.toml` has no licence for it");
    Finding::error("python-license-missing", message)
        .with_hint("add a line with the License-Expression of its metadata")
}
