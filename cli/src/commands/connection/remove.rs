//! `ktx connection remove`: takes a connection out of ktx.yaml.

use clap::Args;
use ktx_app::tools::connections;

use crate::session::Session;

#[derive(Debug, Args)]
pub struct RemoveArguments {
    /// The connection; its files in semantic-layer/ stay
    #[arg(value_name = "CONNECTION")]
    connection: String,
}

pub fn run(arguments: &RemoveArguments, session: &Session) -> anyhow::Result<()> {
    let id = connections::remove(&session.app, &arguments.connection)?;
    session
        .printer
        .line(&format!("Removed the connection {id} from ktx.yaml"));
    Ok(())
}
