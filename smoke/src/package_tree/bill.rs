//! The bill of materials of a package. It follows what is done to the package, unless it is what is damaged.

use std::io::Result;

use ktx_manifest::Sha256Digest;
use ktx_manifest::sbom::{Hash, HashAlgorithm, REVISION, SBOM, Sbom};

use super::PackageTree;

const PATH: &str = "package/assets/sbom.cdx.json";

impl PackageTree {
    /// Edits the bill, which is then packed as it is.
    pub fn damage_bill(&mut self, edit: impl FnOnce(&mut Sbom)) -> Result<()> {
        if let Some(current) = self.current_bill() {
            *self.bytes(PATH)? = current;
        }
        self.bill(edit)?;
        self.is_bill_damaged = true;
        Ok(())
    }

    /// Edits the bill, whose digests follow the files.
    pub(super) fn bill(&mut self, edit: impl FnOnce(&mut Sbom)) -> Result<()> {
        let bytes = self.bytes(PATH)?;
        let mut sbom: Sbom = serde_json::from_slice(bytes)?;
        edit(&mut sbom);
        *bytes = sbom.to_text().into_bytes();
        Ok(())
    }

    /// Makes the bill one of another version of the package, with the wheel under another name.
    pub(super) fn stamp_bill(
        &mut self,
        [from, to]: [&str; 2],
        [wheel, wheel_to]: [&str; 2],
        python: &str,
    ) -> Result<()> {
        let [package, package_to] = [from, to].map(|version| format!("pkg:npm/%40kaelio/ktx@{version}"));
        let renamed = |name: &mut String| {
            if *name == package {
                name.clone_from(&package_to);
            } else if name == wheel {
                wheel_to.clone_into(name);
            }
        };
        self.bill(|sbom| {
            let of = &mut sbom.metadata.component;
            of.version = Some(to.to_owned());
            renamed(&mut of.reference);
            of.purl = Some(of.reference.clone());
            for component in &mut sbom.components {
                if component.reference == wheel {
                    component.version = Some(python.to_owned());
                    component.purl = Some(format!("pkg:pypi/kaelio-ktx@{python}"));
                }
                renamed(&mut component.reference);
            }
            for dependency in &mut sbom.dependencies {
                renamed(&mut dependency.reference);
                dependency.depends_on.iter_mut().for_each(renamed);
            }
        })
    }

    /// Makes the package one that was built from another commit. The bill alone names it.
    pub fn claim_commit(&mut self, commit: &str) -> Result<()> {
        self.bill(|sbom| {
            let of = &mut sbom.metadata.component;
            of.properties.retain(|property| property.name != REVISION);
            *of = of.clone().with_property(REVISION, commit);
        })
    }

    /// The bill as it is packed: with the digests of the files as they are now. None when there is nothing to correct.
    pub(super) fn current_bill(&self) -> Option<Vec<u8>> {
        let bytes = self.get(PATH).filter(|_| !self.is_bill_damaged)?;
        let mut sbom: Sbom = serde_json::from_slice(bytes).ok()?;
        for component in &mut sbom.components {
            if let Some(file) = self.get(&format!("package/{}", component.reference)) {
                component.hashes = vec![Hash {
                    alg: HashAlgorithm::Sha256,
                    content: Sha256Digest::of(file),
                }];
            }
        }
        Some(sbom.to_text().into_bytes())
    }
}

/// Where the bill is in a tarball.
pub(super) fn is_bill(path: &str) -> bool {
    path.strip_prefix("package/") == Some(SBOM)
}
