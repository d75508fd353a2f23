//! A publication in whose way nothing stands.

use ktx_policy::guard::{self, Provenance};

use crate::artifacts::Tarball;
use crate::desk::{Desk, Environment};
use crate::error::PublishError;
use crate::npm::{Npm, Publication, Staging};
use crate::receipt::ReceiptBook;
use crate::registry::Registry;

use super::draft::draft;
use super::{Patience, PublishOptions};

/// An allowed publication.
#[derive(Debug)]
pub struct PublishPlan {
    pub(super) guard: guard::Plan,
    pub(super) registry: Registry,
    pub(super) tarball: Tarball,
    pub(super) npm: Npm,
    pub(super) provenance: Provenance,
    pub(super) staging: Staging,
    pub(super) source_revision: Option<String>,
    pub(super) receipts: ReceiptBook,
    pub(super) patience: Patience,
    pub(super) is_first: bool,
}

impl PublishPlan {
    /// What the guard lets happen.
    pub fn guard(&self) -> &guard::Plan {
        &self.guard
    }

    pub(super) fn publication<'a>(&'a self, tarball: &'a std::path::Path) -> Publication<'a> {
        Publication {
            tarball,
            tag: &self.guard.tag,
            registry: self.registry.url(),
            provenance: self.provenance,
            staging: self.staging,
        }
    }
}

/// Checks everything that can be checked without writing; all that stands in the way is in the error.
pub fn plan(
    options: &PublishOptions,
    environment: &Environment,
    desk: &dyn Desk,
) -> Result<PublishPlan, PublishError> {
    draft(options, environment, desk)?.into_plan()
}
