//! What a command does when it needs a runtime that may not be installed: install, refuse or ask.

use crate::install::{InstallMode, InstallRequest, recover_interrupted};
use crate::locks::Patience;
use crate::status::{RuntimeStatus, StatusKind};
use crate::{Error, Feature, FeatureSet, Runtime};

/// Whether a command may install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallPolicy {
    /// `--yes`
    Auto,
    /// `--no-input`
    Never,
    /// Neither: a person is asked, when there is one.
    Prompt,
}

/// `--yes` and `--no-input` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Choose only one runtime install mode: --yes or --no-input")]
pub struct BothPolicies;

/// What a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Given,
    Declined,
    /// Ctrl-C at the question.
    Cancelled,
}

/// The user at the terminal, if there is one.
pub trait Dialogue: Send + Sync {
    /// Whether the user can be asked.
    fn is_interactive(&self) -> bool;
    /// Asks a question whose default answer is yes.
    fn ask(&self, question: &str) -> Consent;
    /// Prints a diagnostic line on stderr.
    fn say(&self, line: &str);
}

impl InstallPolicy {
    /// The policy of a command's two flags.
    ///
    /// # Errors
    /// When both are given.
    pub fn from_flags(yes: bool, no_input: bool) -> Result<InstallPolicy, BothPolicies> {
        match (yes, no_input) {
            (true, true) => Err(BothPolicies),
            (true, false) => Ok(InstallPolicy::Auto),
            (false, true) => Ok(InstallPolicy::Never),
            (false, false) => Ok(InstallPolicy::Prompt),
        }
    }

    /// The policy of `ktx setup`, where `--yes` wins.
    pub const fn of_setup(yes: bool, no_input: bool) -> InstallPolicy {
        match (yes, no_input) {
            (true, _) => InstallPolicy::Auto,
            (false, true) => InstallPolicy::Never,
            (false, false) => InstallPolicy::Prompt,
        }
    }
}

/// The command that installs features, as messages name it.
pub fn install_command(features: &FeatureSet) -> String {
    format!("ktx runtime install{} --yes", features.flags())
}

impl Runtime {
    /// Makes the runtime ready for a feature, as far as the policy allows. Silent when it is ready.
    ///
    /// # Errors
    /// When it may not be installed, when the person declines, or when installing fails.
    pub fn ensure(
        &self,
        feature: Feature,
        policy: InstallPolicy,
        dialogue: &dyn Dialogue,
    ) -> Result<RuntimeStatus, Error> {
        let features = FeatureSet::from(feature);
        let status = self.recovered_status()?;
        if status.is_ready_for(&features) {
            return Ok(status);
        }
        self.consent(feature, policy, dialogue)?;
        dialogue.say(&format!("Installing KTX Python runtime ({feature}) with uv..."));
        self.install(&InstallRequest {
            features,
            mode: InstallMode::IfNeeded,
        })?;
        let status = self.status();
        dialogue.say(&format!(
            "KTX Python runtime ready: {}",
            self.layout().version_dir.display()
        ));
        Ok(status)
    }

    fn consent(&self, feature: Feature, policy: InstallPolicy, dialogue: &dyn Dialogue) -> Result<(), Error> {
        let command = install_command(&feature.into());
        match policy {
            InstallPolicy::Auto => return Ok(()),
            // Without a user to ask, it was not declined.
            InstallPolicy::Prompt if !dialogue.is_interactive() => {
                return Err(Error::RuntimeRequired { command });
            }
            InstallPolicy::Never => return Err(Error::RuntimeRequired { command }),
            InstallPolicy::Prompt => {}
        }
        match dialogue.ask(&question(feature)) {
            Consent::Given => Ok(()),
            Consent::Declined => Err(Error::InstallCancelled { command }),
            Consent::Cancelled => {
                dialogue.say("Runtime installation cancelled.");
                Err(Error::InstallCancelled { command })
            }
        }
    }

    /// The status, after a runtime that an interrupted exchange left aside was put back.
    fn recovered_status(&self) -> Result<RuntimeStatus, Error> {
        let status = self.status();
        let aside = status.kind == StatusKind::Missing
            && crate::install::leftovers(self, self.version())
                .iter()
                .any(crate::install::Leftover::is_retired);
        if !aside {
            return Ok(status);
        }
        let lock = self.lock_install(self.version(), Patience::Bounded)?;
        recover_interrupted(self, &lock)?;
        Ok(self.status())
    }
}

/// PyTorch and its dependencies were 0.2 GB (macOS) to 2.7 GB (Linux with CUDA libraries) of wheels in 2026.
fn question(feature: Feature) -> String {
    let (what, among) = match feature {
        Feature::Core => ("the core Python runtime".to_owned(), String::new()),
        Feature::LocalEmbeddings => (
            "the local embeddings Python runtime".to_owned(),
            format!(" (PyTorch among them: {})", feature.download()),
        ),
        driver => (
            format!("the {driver} driver for {}", driver.brings()),
            format!(" ({})", driver.download()),
        ),
    };
    format!("KTX needs to install {what}. This downloads Python dependencies with uv{among}. Continue?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_choose_one_policy() {
        assert_eq!(InstallPolicy::from_flags(true, false), Ok(InstallPolicy::Auto));
        assert_eq!(InstallPolicy::from_flags(false, true), Ok(InstallPolicy::Never));
        assert_eq!(InstallPolicy::from_flags(false, false), Ok(InstallPolicy::Prompt));
        assert_eq!(InstallPolicy::from_flags(true, true), Err(BothPolicies));
        assert_eq!(InstallPolicy::of_setup(true, true), InstallPolicy::Auto);
        assert_eq!(InstallPolicy::of_setup(false, true), InstallPolicy::Never);
        assert_eq!(InstallPolicy::of_setup(false, false), InstallPolicy::Prompt);
    }

    #[test]
    fn the_command_names_the_feature_only_when_it_must() {
        let command = |features: &[Feature]| install_command(&FeatureSet::new(features.iter().copied()));
        assert_eq!(command(&[]), "ktx runtime install --yes");
        assert_eq!(
            command(&[Feature::Duckdb, Feature::Mysql]),
            "ktx runtime install --feature duckdb --feature mysql --yes"
        );
    }

    #[test]
    fn the_question_says_what_comes_and_how_much() {
        assert_eq!(
            question(Feature::Duckdb),
            "KTX needs to install the duckdb driver for DuckDB files, and Parquet and CSV files as tables. This \
             downloads Python dependencies with uv (25 MB). Continue?"
        );
    }
}
