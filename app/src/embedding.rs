//! The embedding model of a project, if it has one: behind a URL, or behind the daemon that this program manages.

use ktx_project::config::Embeddings;
use ktx_project::search::Embedder;
use ktx_runtime::ports::{self, Address, Service};
use ktx_runtime::{
    Dialogue, Feature, FeatureSet, InstallPolicy, ManagedDaemon, Runtime, StartMode, StartOutcome,
    StartRequest,
};

use crate::{App, Error};

/// Names a URL in place of the managed daemon, for hosts that run their own.
const MANAGED_URL: &str = "KTX_MANAGED_SENTENCE_TRANSFORMERS_BASE_URL";

/// None when embeddings are off: search then has two lanes.
pub fn configured<'s>(app: &'s App, embeddings: &Embeddings) -> Option<Box<dyn Embedder + 's>> {
    let Embeddings::SentenceTransformers { model, base_url, .. } = embeddings else {
        return None;
    };
    let url = match embeddings.is_managed() {
        true => app.environment.text(MANAGED_URL).map(str::to_owned),
        false => Some(base_url.clone()?),
    };
    Some(Box::new(SearchEmbedder {
        app,
        model: model.clone(),
        url,
        service: None,
    }))
}

/// Resolves on first use; a search never installs anything.
struct SearchEmbedder<'s> {
    app: &'s App,
    model: String,
    url: Option<String>,
    service: Option<Service>,
}

impl Embedder for SearchEmbedder<'_> {
    fn model(&self) -> &str {
        &self.model
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        if self.service.is_none() {
            self.service = Some(self.resolve().map_err(|error| error.to_string())?);
        }
        match &self.service {
            Some(service) => ports::embed(service, texts).map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }
}

impl SearchEmbedder<'_> {
    fn resolve(&self) -> Result<Service, Error> {
        let runtime = self.app.runtime()?;
        let dialogue = self.app.dialogue();
        match &self.url {
            Some(url) => {
                let managed = ManagedDaemon::new(runtime.clone(), InstallPolicy::Never, dialogue.clone());
                let address = Address::Url(url.clone());
                Ok(Service::new(
                    &runtime,
                    &address,
                    &managed,
                    InstallPolicy::Never,
                    &dialogue,
                )?)
            }
            None => managed(&runtime, InstallPolicy::Never, &*dialogue, Announce::WhenStarted),
        }
    }
}

/// Whether to announce a daemon that was already running, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announce {
    Always,
    WhenStarted,
}

/// The managed daemon with the local embeddings feature: installed as far as the policy allows, and started.
pub fn managed(
    runtime: &Runtime,
    policy: InstallPolicy,
    dialogue: &dyn Dialogue,
    announce: Announce,
) -> Result<Service, Error> {
    runtime.ensure(Feature::LocalEmbeddings, policy, dialogue)?;
    let features = FeatureSet::from(Feature::LocalEmbeddings);
    let report = runtime.start(&StartRequest {
        features,
        mode: StartMode::Reuse,
    })?;
    let url = report.daemon.url();
    match report.outcome {
        StartOutcome::Started => dialogue.say(&format!("Started KTX local embeddings daemon: {url}")),
        StartOutcome::Reused if announce == Announce::Always => {
            dialogue.say(&format!("Using KTX local embeddings daemon: {url}"));
        }
        StartOutcome::Reused => {}
    }
    Ok(Service::of_proven(runtime, report.daemon))
}
