//! One condition of a release, and whether it holds.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// One condition of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// Which.
    pub name: GateName,
    /// Whether it holds.
    pub state: GateState,
    /// What the user has to do before the command, or where to run it.
    pub first: Option<String>,
    /// The command that opens it, to be pasted as it is.
    pub command: Option<String>,
}

/// Whether a condition holds. Publishing needs every gate open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateState {
    /// It holds.
    Open,
    /// It does not hold; what is missing.
    Closed(Vec<String>),
    /// Nothing was compared; why.
    NotChecked(String),
}

impl Gate {
    /// Whether the condition holds.
    pub fn is_open(&self) -> bool {
        self.state == GateState::Open
    }

    /// What is missing, one line each; why, when nothing was compared.
    pub fn missing(&self) -> &[String] {
        match &self.state {
            GateState::Open => &[],
            GateState::Closed(missing) => missing,
            GateState::NotChecked(because) => std::slice::from_ref(because),
        }
    }
}

impl GateState {
    /// `open`, `closed` or `not checked`.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed(_) => "closed",
            Self::NotChecked(_) => "not checked",
        }
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut gate = serializer.serialize_struct("Gate", 6)?;
        gate.serialize_field("name", self.name.name())?;
        gate.serialize_field("state", &self.state.words().replace(' ', "-"))?;
        gate.serialize_field("open", &self.is_open())?;
        gate.serialize_field("missing", self.missing())?;
        if let Some(first) = &self.first {
            gate.serialize_field("first", first)?;
        }
        if let Some(command) = &self.command {
            gate.serialize_field("command", command)?;
        }
        gate.end()
    }
}

/// The conditions of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateName {
    /// The mode publishes.
    ReleaseMode,
    /// The artifacts are what their manifest says.
    Artifacts,
    /// Policy and artifacts keep the rules of the mode.
    Policy,
    /// The artifacts come from a commit, and from the expected one.
    SourceRevision,
    /// The package has the locks of the sources, as they were locked.
    Locks,
    /// The bill of materials says exactly what is in the package.
    Bill,
    /// The package has a program for every listed platform.
    Platforms,
    /// Every program that the policy wants signed is, and no signature is of other bytes.
    Signatures,
    /// Every program was built for release.
    BuildProfile,
    /// Every listed platform has proven these bytes.
    Smoke,
    /// CHANGELOG.md has a section for the version.
    Changelog,
    /// Nothing grew over its budget.
    Budgets,
    /// Nothing known speaks against the locked dependencies.
    Audit,
}

impl GateName {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReleaseMode => "release-mode",
            Self::Artifacts => "artifacts",
            Self::Policy => "policy",
            Self::SourceRevision => "source-revision",
            Self::Locks => "locks",
            Self::Bill => "bill",
            Self::Platforms => "platforms",
            Self::Signatures => "signatures",
            Self::BuildProfile => "build-profile",
            Self::Smoke => "smoke",
            Self::Changelog => "changelog",
            Self::Budgets => "budgets",
            Self::Audit => "audit",
        }
    }
}
