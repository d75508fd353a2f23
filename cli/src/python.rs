//! What a command has of Python: nothing until it asks, then one runtime and one daemon for all its ports.

use std::sync::Arc;

use clap::Args;
use ktx_runtime::ports::{Backend, Endpoint, PortError};
use ktx_runtime::{Dialogue, Environment, InstallPolicy, ManagedDaemon, ProvenDaemon, Runtime};

use crate::session::Session;

/// The flags of every command that may need Python.
#[derive(Debug, Clone, Args)]
pub struct PolicyArguments {
    /// Install the Python runtime without asking, if it is needed
    #[arg(long)]
    pub yes: bool,
    /// Never ask and never install
    #[arg(long)]
    pub no_input: bool,
}

impl PolicyArguments {
    /// Both at once are refused, whether Python is needed or not.
    pub fn policy(&self) -> anyhow::Result<InstallPolicy> {
        Ok(InstallPolicy::from_flags(self.yes, self.no_input)?)
    }
}

/// The way to Python, shared by all ports of a command.
pub struct Python {
    pub runtime: Runtime,
    pub policy: InstallPolicy,
    pub dialogue: Arc<dyn Dialogue>,
    managed: ManagedDaemon,
    environment: Environment,
    /// `--database-introspection-url`: with it no managed daemon is offered to any port.
    database_url: Option<String>,
}

impl Python {
    /// Touches nothing yet.
    pub fn new(session: &Session, policy: InstallPolicy) -> anyhow::Result<Self> {
        let runtime = session.runtime()?;
        let dialogue: Arc<dyn Dialogue> = Arc::new(session.dialogue());
        let managed = ManagedDaemon::new(runtime.clone(), policy, Arc::clone(&dialogue));
        Ok(Self {
            runtime,
            policy,
            dialogue,
            managed,
            environment: session.environment.clone(),
            database_url: None,
        })
    }

    /// The same with a URL for databases, given by a flag.
    #[must_use]
    pub fn with_database_url(mut self, url: Option<&str>) -> Self {
        self.database_url = url.map(str::to_owned);
        self
    }

    /// The semantic layer's compiler.
    pub fn semantic_layer(&self, url: Option<&str>) -> Result<Backend, PortError> {
        self.backend(&Endpoint::of_semantic_layer(url))
    }

    /// Introspection and queries of servers.
    pub fn database(&self) -> Result<Backend, PortError> {
        self.backend(&Endpoint::of_database(
            self.database_url.as_deref(),
            self.database_url.is_none(),
        ))
    }

    /// Table identifiers and LookML.
    pub fn looker(&self) -> Result<Backend, PortError> {
        self.backend(&Endpoint::of_looker(
            None,
            &self.environment,
            self.database_url.is_none(),
        ))
    }

    /// Fingerprints of statements.
    pub fn sql_analysis(&self) -> Result<Backend, PortError> {
        self.backend(&Endpoint::of_sql_analysis(
            None,
            &self.environment,
            self.database_url.is_none(),
        ))
    }

    /// The managed daemon, started and proven, when that is where fingerprints are made; None when a URL is.
    pub fn sql_analysis_daemon(&self) -> Result<Option<ProvenDaemon>, PortError> {
        let endpoint = Endpoint::of_sql_analysis(None, &self.environment, self.database_url.is_none());
        if endpoint != Endpoint::Managed {
            return Ok(None);
        }
        self.managed.base_url()?;
        Ok(self.runtime.daemon_status().daemon)
    }

    fn backend(&self, endpoint: &Endpoint) -> Result<Backend, PortError> {
        Backend::new(
            &self.runtime,
            endpoint,
            &self.managed,
            self.policy,
            &self.dialogue,
        )
    }
}

/// An answer, or the error as commands report it: a signal is no failure of Python.
pub fn answered<T>(session: &Session, answer: Result<T, PortError>) -> anyhow::Result<T> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(PortError::Runtime(error)) => Err(error.into()),
        Err(error) => {
            session.interrupt.check()?;
            Err(error.into())
        }
    }
}
