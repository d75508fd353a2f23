//! A command's access to Python: nothing until first use, then one runtime and one daemon for all its requests.

use std::sync::Arc;

use ktx_runtime::ports::{Address, PortError, Service};
use ktx_runtime::{Dialogue, Environment, FeatureSet, InstallPolicy, ManagedDaemon, ProvenDaemon, Runtime};

use crate::{App, Error};

/// Shared by all requests of a command.
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
    pub fn new(app: &App, policy: InstallPolicy) -> Result<Self, Error> {
        let runtime = app.runtime()?;
        let dialogue = app.dialogue();
        let managed = ManagedDaemon::new(runtime.clone(), policy, Arc::clone(&dialogue));
        Ok(Self {
            runtime,
            policy,
            dialogue,
            managed,
            environment: app.environment.clone(),
            database_url: None,
        })
    }

    /// The same for a part of the work, with the runtime and the daemon that were found already.
    pub fn on(&self, app: &App) -> Result<Self, Error> {
        let runtime = app.runtime()?;
        let dialogue = app.dialogue();
        Ok(Self {
            managed: self.managed.on(runtime.clone(), Arc::clone(&dialogue)),
            runtime,
            policy: self.policy,
            dialogue,
            environment: app.environment.clone(),
            database_url: self.database_url.clone(),
        })
    }

    /// The same with a URL for databases, given by a flag.
    #[must_use]
    pub fn with_database_url(mut self, url: Option<&str>) -> Self {
        self.database_url = url.map(str::to_owned);
        self
    }

    /// The semantic layer's compiler.
    pub fn semantic_layer(&self, url: Option<&str>) -> Result<Service, PortError> {
        self.service(&Address::of_semantic_layer(url))
    }

    /// Introspection and queries of databases, through the driver that features bring.
    pub fn database(&self, features: &FeatureSet) -> Result<Service, PortError> {
        let address = Address::of_database(self.database_url.as_deref(), self.database_url.is_none());
        let managed = self.managed.with_features(features);
        Service::new(&self.runtime, &address, &managed, self.policy, &self.dialogue)
    }

    /// Table identifiers and LookML.
    pub fn looker(&self) -> Result<Service, PortError> {
        self.service(&Address::of_looker(
            None,
            &self.environment,
            self.database_url.is_none(),
        ))
    }

    /// Fingerprints of statements.
    pub fn sql_analysis(&self) -> Result<Service, PortError> {
        self.service(&Address::of_sql_analysis(
            None,
            &self.environment,
            self.database_url.is_none(),
        ))
    }

    /// The managed daemon, started and proven, when that is where fingerprints are made; None when a URL is.
    pub fn sql_analysis_daemon(&self) -> Result<Option<ProvenDaemon>, PortError> {
        let address = Address::of_sql_analysis(None, &self.environment, self.database_url.is_none());
        if address != Address::Managed {
            return Ok(None);
        }
        self.managed.base_url()?;
        Ok(self.runtime.daemon_status().daemon)
    }

    fn service(&self, address: &Address) -> Result<Service, PortError> {
        Service::new(&self.runtime, address, &self.managed, self.policy, &self.dialogue)
    }
}
