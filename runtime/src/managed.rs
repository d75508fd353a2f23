//! The managed daemon as commands use it: nothing is installed or started until the first request, then the same daemon
//! serves all requests of the command.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::daemon::{ProvenDaemon, StartMode, StartOutcome, StartRequest};
use crate::ensure::{Dialogue, InstallPolicy};
use crate::http::{BaseUrl, Caller, HttpClient};
use crate::{Error, Feature, FeatureSet, Runtime};

/// Resolves to a running daemon on first use. Share one by reference or clone among the ports of a command, so that its
/// messages are printed once.
#[derive(Clone)]
pub struct ManagedDaemon {
    runtime: Runtime,
    policy: InstallPolicy,
    dialogue: Arc<dyn Dialogue>,
    features: FeatureSet,
    /// With the features that it was started with.
    remembered: Arc<Mutex<Option<(ProvenDaemon, FeatureSet)>>>,
}

impl ManagedDaemon {
    /// Does nothing yet.
    pub fn new(runtime: Runtime, policy: InstallPolicy, dialogue: Arc<dyn Dialogue>) -> ManagedDaemon {
        ManagedDaemon {
            runtime,
            policy,
            dialogue,
            features: FeatureSet::from(Feature::Core),
            remembered: Arc::default(),
        }
    }

    /// The same daemon for a part of the work, which ends by itself and reports to its own dialogue.
    #[must_use]
    pub fn on(&self, runtime: Runtime, dialogue: Arc<dyn Dialogue>) -> ManagedDaemon {
        ManagedDaemon {
            runtime,
            dialogue,
            ..self.clone()
        }
    }

    /// The same daemon for requests that need features: they are installed, and the daemon started again, when the first
    /// of them comes.
    #[must_use]
    pub fn with_features(&self, features: &FeatureSet) -> ManagedDaemon {
        ManagedDaemon {
            features: self.features.union(features),
            ..self.clone()
        }
    }

    /// The URL of the daemon; installs and starts on the first call, and says so on the dialogue. Failures are not
    /// remembered.
    ///
    /// # Errors
    /// When the runtime may not or cannot be installed, or the daemon does not start.
    pub fn base_url(&self) -> Result<BaseUrl, Error> {
        Ok(self.resolve()?.url().clone())
    }

    /// Posts a JSON object to the daemon and returns its answer. The runtime cannot be replaced meanwhile. The daemon
    /// proves itself before every request: in a long-lived server it may have ended since the last one, and the port
    /// may be another's; then it is started again.
    ///
    /// # Errors
    /// As [`ManagedDaemon::base_url`], and [`crate::HttpError`] in the words of `caller`.
    pub fn post(&self, caller: Caller, path: &str, payload: &Value) -> Result<Map<String, Value>, Error> {
        let daemon = self.resolve()?;
        let client = HttpClient::new(self.runtime.interrupt().clone());
        {
            let _in_use = self.runtime.use_runtime()?;
            if daemon.still_proves_itself(&client) {
                return Ok(daemon.post(&client, caller, path, payload)?);
            }
        }
        self.forget();
        let daemon = self.resolve()?;
        let _in_use = self.runtime.use_runtime()?;
        // Proven a moment ago, by starting or reusing it.
        Ok(daemon.post(&client, caller, path, payload)?)
    }

    fn resolve(&self) -> Result<ProvenDaemon, Error> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut features = self.features.clone();
        if let Some((daemon, known)) = &*remembered {
            if known.covers(&features) {
                return Ok(daemon.clone());
            }
            features = features.union(known);
        }
        for feature in features.named() {
            self.runtime.ensure(feature, self.policy, &*self.dialogue)?;
        }
        let request = StartRequest {
            features: features.clone(),
            mode: StartMode::Reuse,
        };
        let report = self.runtime.start(&request)?;
        let verb = match report.outcome {
            StartOutcome::Started => "Started",
            StartOutcome::Reused => "Using existing",
        };
        self.dialogue
            .say(&format!("{verb} KTX Python daemon: {}", report.daemon.url()));
        Ok(remembered.insert((report.daemon, features)).0.clone())
    }

    fn forget(&self) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A daemon at a URL that the user named.
#[derive(Clone)]
pub struct ExplicitDaemon {
    runtime: Runtime,
    base: BaseUrl,
}

impl ExplicitDaemon {
    /// Does nothing yet.
    pub fn new(runtime: Runtime, base: BaseUrl) -> ExplicitDaemon {
        ExplicitDaemon { runtime, base }
    }

    /// Posts a JSON object. The token of the recorded managed daemon goes along when that is who proves to be there, or
    /// the one of the file that `KTX_DAEMON_TOKEN_FILE` names when its holder is; else none does.
    ///
    /// # Errors
    /// [`crate::HttpError`] in the words of `caller`.
    pub fn post(&self, caller: Caller, path: &str, payload: &Value) -> Result<Map<String, Value>, Error> {
        let client = HttpClient::new(self.runtime.interrupt().clone());
        let token = crate::daemon::token_for(&self.runtime, &client, &self.base)?;
        let bearer = token.as_ref().map(crate::daemon::Token::hex);
        Ok(client.post_object(caller, &self.base, path, payload, bearer.as_deref())?)
    }
}
