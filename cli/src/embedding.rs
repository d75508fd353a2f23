//! The embedding model of a project, if it has one: behind a URL, or behind the daemon that this program manages.

use std::sync::Arc;

use ktx_project::config::Embeddings;
use ktx_project::search::Embedder;
use ktx_runtime::ports::{self, Backend, Endpoint};
use ktx_runtime::{
    Dialogue, Feature, FeatureSet, InstallPolicy, ManagedDaemon, Runtime, StartMode, StartOutcome,
    StartRequest,
};

use crate::session::Session;

/// Names a URL in place of the managed daemon, for hosts that run one of their own.
const MANAGED_URL: &str = "KTX_MANAGED_SENTENCE_TRANSFORMERS_BASE_URL";

/// None when embeddings are off: search then has two lanes.
pub fn configured<'s>(session: &'s Session, embeddings: &Embeddings) -> Option<Box<dyn Embedder + 's>> {
    let Embeddings::SentenceTransformers { model, base_url, .. } = embeddings else {
        return None;
    };
    let url = match embeddings.is_managed() {
        true => session.environment.text(MANAGED_URL).map(str::to_owned),
        false => Some(base_url.clone()?),
    };
    Some(Box::new(SearchEmbedder {
        session,
        model: model.clone(),
        url,
        backend: None,
    }))
}

/// Resolves on first use; a search never installs anything.
struct SearchEmbedder<'s> {
    session: &'s Session,
    model: String,
    url: Option<String>,
    backend: Option<Backend>,
}

impl Embedder for SearchEmbedder<'_> {
    fn model(&self) -> &str {
        &self.model
    }

    fn embed(&mut self, texts: &[String]) -> Result<Vec<Vec<f32>>, String> {
        if self.backend.is_none() {
            self.backend = Some(self.resolve().map_err(|error| format!("{error:#}"))?);
        }
        match &self.backend {
            Some(backend) => ports::embed(backend, texts).map_err(|error| error.to_string()),
            None => Ok(Vec::new()),
        }
    }
}

impl SearchEmbedder<'_> {
    fn resolve(&self) -> anyhow::Result<Backend> {
        let runtime = self.session.runtime()?;
        let dialogue: Arc<dyn Dialogue> = Arc::new(self.session.dialogue());
        match &self.url {
            Some(url) => {
                let managed =
                    ManagedDaemon::new(runtime.clone(), InstallPolicy::Never, Arc::clone(&dialogue));
                let endpoint = Endpoint::Url(url.clone());
                Ok(Backend::new(
                    &runtime,
                    &endpoint,
                    &managed,
                    InstallPolicy::Never,
                    &dialogue,
                )?)
            }
            None => managed(&runtime, InstallPolicy::Never, &*dialogue, Told::WhenStarted),
        }
    }
}

/// Whether a daemon that ran already is worth a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Always,
    WhenStarted,
}

/// The managed daemon with the local embeddings feature: installed as far as the policy allows, and started.
pub fn managed(
    runtime: &Runtime,
    policy: InstallPolicy,
    dialogue: &dyn Dialogue,
    told: Told,
) -> anyhow::Result<Backend> {
    runtime.ensure(Feature::LocalEmbeddings, policy, dialogue)?;
    let features = FeatureSet::from(Feature::LocalEmbeddings);
    let report = runtime.start(&StartRequest {
        features,
        mode: StartMode::Reuse,
    })?;
    let url = report.daemon.url();
    match report.outcome {
        StartOutcome::Started => dialogue.say(&format!("Started KTX local embeddings daemon: {url}")),
        StartOutcome::Reused if told == Told::Always => {
            dialogue.say(&format!("Using KTX local embeddings daemon: {url}"));
        }
        StartOutcome::Reused => {}
    }
    Ok(Backend::of_proven(runtime, report.daemon))
}
